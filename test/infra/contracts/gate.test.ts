/** Events broken on purpose: the contract check finds each, and says what breaks, for whom, and what to do. */
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { field, optionalField, type Fields } from '../../../domain/kernel/codec';
import { defineEvent, earlierVersion, type EventContract } from '../../../domain/kernel/event-definition';
import { Amount, constrainedInstalments } from './broken-codecs';
import type { PartitionKey } from '../../../domain/kernel/topic';
import { Identifier, Text } from '../../../domain/kernel/values';
import { OrderPlaced } from '../../../domain/order/events';
import { spec } from '../../spec';
import { gate, lock, textOf, wholeGate, withEvent, withFields, withTopic } from './changed-catalog';
import type { Finding } from '../../../infra/contracts/finding';
import { readLock } from '../../../infra/contracts/contract-files';

const { catalog } = application;

const only = (findings: ReadonlyArray<Finding>): Finding => {
  assert.is(findings.length, 1, findings.map(textOf).join('\n\n'));
  return findings[0] as Finding;
};

const says = (finding: Finding, ...parts: ReadonlyArray<string | RegExp>): void => {
  for (const part of parts) {
    const isSaid = typeof part === 'string' ? textOf(finding).includes(part) : part.test(textOf(finding));
    assert.ok(isSaid, `expected '${String(part)}' in:\n${textOf(finding)}`);
  }
};

spec('the contract check', ({ test }) => {
  test('has no findings for the committed contracts', () => {
    assert.equal(readLock(application.contractsFolder ?? ''), lock);
    assert.equal(wholeGate(catalog), []);
  });

  test('finds a removed field, which is breaking for consumers, with the smallest example and its readers', () => {
    const finding = only(gate(withEvent('OrderPlaced', withFields({ amount: undefined }))));
    assert.is(finding.compatibility, 'backward');
    assert.not(finding.acceptable);
    says(
      finding,
      'OrderPlaced version 1: its shape changed without a new version',
      '/amount was taken away',
      'smallest example: {"orderId":"a","customerId":"a","currency":"BRL","placedAt":"2017-07-09T21:57:05Z","lines":[]}',
      /\/amount is read by: projection order-summary, projection customer-orders, projection sales-by-day, process manager fulfilment/,
      "Restore the fields as version 1 in 'earlier'",
      'schemaVersion: 2',
    );
  });

  test('catches a new required field, which history does not have', () => {
    const finding = only(
      gate(withEvent('OrderDelivered', withFields({ signedBy: field(Text, 'Who signed for it.') }))),
    );
    assert.is(finding.compatibility, 'forward');
    assert.not(finding.acceptable);
    says(finding, '/signedBy was added', 'new code rejects what was written, at /signedBy', 'read by: no projection');
  });

  test('catches a narrowed range, with the first value beyond it', () => {
    const narrowed = field(constrainedInstalments(12), 'In how many parts the customer pays; 1 is at once.');
    const finding = only(gate(withEvent('PaymentAuthorised', withFields({ instalments: narrowed }))));
    assert.is(finding.compatibility, 'forward');
    says(finding, '/instalments maximum was 48, is 12', '"instalments":13');
  });

  test('catches a changed type, which is breaking in both directions', () => {
    const finding = only(gate(withEvent('PaymentCaptured', withFields({ amount: field(Text, 'As a text.') }))));
    assert.is(finding.compatibility, 'breaking');
    says(
      finding,
      'breaking in both directions',
      '"amount":0',
      '"amount":"a"',
      'projection order-summary',
      'projection sales-by-day',
    );
  });

  test('catches a rename without the former name', () => {
    const findings = gate(withEvent('OrderCancelled', (each) => ({ ...each, type: 'OrderWithdrawn' })));
    const gone = findings.find(({ subject }) => subject === 'OrderCancelled');
    assert.ok(gone);
    says(gone, 'gone from the catalog', "list 'OrderCancelled' in 'earlier'", /read by: .*process manager fulfilment/);
  });

  test('catches a rename that keeps the version number: stored events keep the name under which they were written', () => {
    const finding = only(
      gate(
        withEvent('StockReservationReleased', (each) => ({
          ...each,
          earlier: each.earlier.map((earlier) => ({ ...earlier, type: 'StockLetGo' })),
        })),
      ).filter(({ subject }) => subject.endsWith('version 1')),
    );
    says(finding, "the version was called 'StockReleased', and is 'StockLetGo' now");
  });

  test('catches an earlier version that is removed from the chain', () => {
    const findings = wholeGate(withEvent('PaymentAuthorised', (each) => ({ ...each, earlier: [] })));
    const texts = findings.map(textOf).join('\n');
    assert.match(texts, /PaymentAuthorised version 1: the version is gone from the chain/);
    assert.match(texts, /PaymentAuthorised has no schema version 1/);
    assert.ok(findings.every(({ acceptable }) => !acceptable));
  });

  test('catches an upcast that reads history differently than before', () => {
    const findings = wholeGate(
      withEvent('StockReceived', (each) => ({
        ...each,
        earlier: each.earlier.map((earlier) => ({
          ...earlier,
          upcast: (data) => ({ ...(data as object), origin: 'customer-return' }),
        })),
      })),
    );
    const finding = findings[0] as Finding;
    says(
      finding,
      'is read differently than before',
      '"origin":"supplier"',
      '"origin":"customer-return"',
      'a new version',
    );
  });

  test('catches another number of partitions or another key', () => {
    says(only(gate(withTopic('stock', { partitions: 8 }))), 'partitions was 4, is 8', 'lose their order');
    const key = { is: 'the order id', because: 'x', concurrency: 'x', skew: 'x' };
    says(only(gate(withTopic('stock', { key }))), 'key was the stock keeping unit, is the order id');
  });

  test('accepts a new topic for another number of partitions, and nothing else', () => {
    const earlier = [{ name: 'stock', partitions: 4 }];
    const taken = gate(withTopic('stock', { name: 'stock-2', partitions: 8, earlier }));
    assert.equal(
      taken.map(({ subject, acceptable }) => [subject, acceptable]),
      [
        ['topic stock', true],
        ['topic stock-2', true],
      ],
    );
    for (const wrong of [[], [{ name: 'stock', partitions: 5 }]]) {
      const refused = gate(withTopic('stock', { name: 'stock-2', partitions: 8, earlier: wrong }));
      assert.ok(refused.some(({ subject, acceptable }) => subject === 'topic stock' && !acceptable));
    }
  });

  test('treats an optional field as fully compatible, and a changed description as a change of words only', () => {
    const added = only(gate(withEvent('OrderDelivered', withFields({ note: optionalField(Text, 'For people.') }))));
    assert.equal([added.compatibility, added.acceptable], ['full', true]);
    const reworded = withFields({ orderId: field(Identifier, 'The order, in other words.') });
    const words = only(gate(withEvent('OrderDelivered', reworded)));
    assert.equal([words.compatibility, words.acceptable], ['full', true]);
    says(words, 'its descriptions changed, its shape did not', 'is another field');
  });

  test('accepts a new version with its upcast, and says who is not ready for it', () => {
    const next = withEvent('OrderPlaced', (each) => ({
      ...withFields({ amount: undefined, total: field(Amount, 'The same, in minor units.') })(each),
      schemaVersion: 2,
      earlier: [
        earlierVersion({
          type: 'OrderPlaced',
          schemaVersion: 1,
          since: each.since,
          deprecated: each.since,
          sunset: each.since,
          meaning: each.meaning,
          fields: OrderPlaced.codec.fields,
          next: OrderPlaced.codec.fields,
          upcast: (data) => data,
        }),
      ],
    }));
    const finding = only(gate(next));
    assert.equal(
      [finding.subject, finding.acceptable, finding.compatibility],
      ['OrderPlaced version 2', true, 'backward'],
    );
    says(
      finding,
      '/amount was taken away',
      '/total was added',
      'consumers that are not ready',
      'process manager fulfilment',
    );
  });
});

spec('the rules of contracts', ({ test }) => {
  const problemsOf = (type: string, change: Parameters<typeof withEvent>[1]): string =>
    wholeGate(withEvent(type, change)).map(textOf).join('\n');

  for (const name of ['UserUpdated', 'RowChanged', 'OrderSet']) {
    test(`report ${name}: a database operation`, () =>
      assert.match(
        problemsOf('OrderDelivered', (each) => ({ ...each, type: name })),
        new RegExp(`${name}: the name describes a database operation`),
      ));
  }
  for (const name of ['OrderDelivery', 'OrderDeliver', 'OrderIsThere']) {
    test(`report ${name}: no word is in the past tense`, () =>
      assert.match(
        problemsOf('OrderDelivered', (each) => ({ ...each, type: name })),
        /no word in the past tense/,
      ));
  }
  test('report a contract without an owner, a date or a sentence', () => {
    assert.match(
      problemsOf('OrderDelivered', (each) => ({ ...each, owner: '' })),
      /OrderDelivered: nobody owns it/,
    );
    assert.match(
      problemsOf('OrderDelivered', (each) => ({ ...each, since: 'lately' })),
      /'since' is 'lately'/,
    );
    assert.match(
      problemsOf('OrderDelivered', (each) => ({ ...each, meaning: 'done' })),
      /no sentence says which business fact/,
    );
  });
  test('report a field without a meaning, an amount without its unit', () => {
    const bare = withFields({ orderId: field(Identifier, '') });
    assert.match(problemsOf('OrderDelivered', bare), /no sentence says what \/orderId means/);
    const unitless = withFields({ amount: field(Amount, 'What it costs.') });
    assert.match(problemsOf('OrderDelivered', unitless), /the meaning of \/amount does not name its unit/);
  });
  test('report an unknown successor, and a partition key that leaves a question open', () => {
    const deprecatedBy = { type: 'OrderBroughtHome', since: '2026-11-24' };
    assert.match(
      problemsOf('OrderDelivered', (each) => ({ ...each, deprecatedBy })),
      /which is not in the catalog/,
    );
    const open = wholeGate(withTopic('orders', { key: { is: 'the order id', because: 'x' } as PartitionKey }))
      .map(textOf)
      .join('\n');
    assert.match(open, /topic orders: its key leaves 'concurrency' open/);
    assert.match(open, /topic orders: its key leaves 'skew' open/);
  });
  test('report a codec that accepts less than its schema', () => {
    const liar = withFields({ amount: field(constrainedInstalments(12, 48), 'In minor units.') });
    assert.match(problemsOf('OrderDelivered', liar), /its codec rejects a value that its JSON Schema accepts/);
  });
  test('allow the short declaration of an event without earlier versions, as plain JavaScript may write it', () => {
    const short = { schemaVersion: 1, meaning: 'x', fields: {} } as EventContract<Fields>;
    const { earlier, owner, since } = defineEvent('VoucherIssued', short);
    assert.equal([earlier, owner, since], [[], '', '']);
  });
});
