/** Events broken on purpose: the gate catches each, and tells a stranger what breaks, for whom, and what to do. */
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { field, optionalField } from '../../../domain/kernel/codec';
import { defineEvent, earlierVersion } from '../../../domain/kernel/event-definition';
import { Amount, constrainedInstalments } from './broken-codecs';
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

spec('the gate', ({ test }) => {
  test('lets the committed contracts through: the lock is theirs', () => {
    assert.equal(readLock(application.contractsFolder ?? ''), lock);
    assert.equal(wholeGate(catalog), []);
  });

  test('catches a field that is taken away: breaking for consumers, with the smallest example and its readers', () => {
    const finding = only(gate(withEvent('OrderPlaced', withFields({ amount: undefined }))));
    assert.is(finding.compatibility, 'backward');
    assert.not(finding.acceptable);
    says(
      finding,
      'OrderPlaced version 1: its shape changed without a new version',
      '/amount was taken away',
      'smallest example: {"orderId":"a","customerId":"a","currency":"BRL","placedAt":"2017-07-09T21:57:05Z","lines":[]}',
      /\/amount is read by: projection order-summary, projection customer-orders, projection sales-by-day, process manager fulfilment/,
      "Put the fields back as version 1 in 'earlier'",
      'schemaVersion: 2',
    );
  });

  test('catches a new field that must be there: history does not have it', () => {
    const finding = only(
      gate(withEvent('OrderDelivered', withFields({ signedBy: field(Text, 'Who signed for it.') }))),
    );
    assert.is(finding.compatibility, 'forward');
    assert.not(finding.acceptable);
    says(finding, '/signedBy was added', 'new code refuses what was written, at /signedBy', 'read by: no projection');
  });

  test('catches a range that was narrowed, by the first value beyond it', () => {
    const narrowed = field(constrainedInstalments(12), 'In how many parts the customer pays; 1 is at once.');
    const finding = only(gate(withEvent('PaymentAuthorised', withFields({ instalments: narrowed }))));
    assert.is(finding.compatibility, 'forward');
    says(finding, '/instalments maximum was 48, is 12', '"instalments":13');
  });

  test('catches a type that changed: breaking both ways', () => {
    const finding = only(gate(withEvent('PaymentCaptured', withFields({ amount: field(Text, 'As a text.') }))));
    assert.is(finding.compatibility, 'breaking');
    says(
      finding,
      'breaking, both ways',
      '"amount":0',
      '"amount":"a"',
      'projection order-summary',
      'projection sales-by-day',
    );
  });

  test('catches a rename that forgets the former name', () => {
    const findings = gate(withEvent('OrderCancelled', (each) => ({ ...each, type: 'OrderWithdrawn' })));
    const gone = findings.find(({ subject }) => subject === 'OrderCancelled');
    assert.ok(gone);
    says(gone, 'gone from the catalog', "list 'OrderCancelled' in 'earlier'", /read by: .*process manager fulfilment/);
  });

  test('catches a rename that keeps the version number: stored events keep the name they were written by', () => {
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

  test('catches an earlier version that is taken out of the chain', () => {
    const findings = wholeGate(withEvent('PaymentAuthorised', (each) => ({ ...each, earlier: [] })));
    const texts = findings.map(textOf).join('\n');
    assert.match(texts, /PaymentAuthorised version 1: the version is gone from the chain/);
    assert.match(texts, /PaymentAuthorised has no schema version 1/);
    assert.ok(findings.every(({ acceptable }) => !acceptable));
  });

  test('catches a step that reads history differently than yesterday', () => {
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
    const key = { is: 'the order id', because: 'x' };
    says(only(gate(withTopic('stock', { key }))), 'key was the stock keeping unit, is the order id');
  });

  test('takes a topic of its own for another number of partitions, and no other way to one', () => {
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

  test('takes an optional field as compatible both ways, and words that changed as words', () => {
    const added = only(gate(withEvent('OrderDelivered', withFields({ note: optionalField(Text, 'For people.') }))));
    assert.equal([added.compatibility, added.acceptable], ['full', true]);
    const reworded = withFields({ orderId: field(Identifier, 'The order, in other words.') });
    const words = only(gate(withEvent('OrderDelivered', reworded)));
    assert.equal([words.compatibility, words.acceptable], ['full', true]);
    says(words, 'its words changed, its shape did not', 'is another field');
  });

  test('takes a new version with its step, and says who is not ready for it', () => {
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
    test(`refuse ${name}: a word of a database`, () =>
      assert.match(
        problemsOf('OrderDelivered', (each) => ({ ...each, type: name })),
        new RegExp(`${name}: the name is a word`),
      ));
  }
  for (const name of ['OrderDelivery', 'OrderDeliver', 'OrderIsThere']) {
    test(`refuse ${name}: nothing in it is past`, () =>
      assert.match(
        problemsOf('OrderDelivered', (each) => ({ ...each, type: name })),
        /no word in the past tense/,
      ));
  }
  test('refuse a contract without an owner, a date or a sentence', () => {
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
  test('refuse a field without a meaning, an amount without its unit', () => {
    const bare = withFields({ orderId: field(Identifier, '') });
    assert.match(problemsOf('OrderDelivered', bare), /no sentence says what \/orderId means/);
    const unitless = withFields({ amount: field(Amount, 'What it costs.') });
    assert.match(problemsOf('OrderDelivered', unitless), /the meaning of \/amount does not name its unit/);
  });
  test('refuse a successor that nobody knows, and a key that leaves a question open', () => {
    const deprecatedBy = { type: 'OrderBroughtHome', since: '2026-11-24' };
    assert.match(
      problemsOf('OrderDelivered', (each) => ({ ...each, deprecatedBy })),
      /no contract is named/,
    );
    const open = wholeGate(withTopic('orders', { key: { is: 'the order id', because: 'x' } }))
      .map(textOf)
      .join('\n');
    assert.match(open, /topic orders: its key leaves 'concurrency' open/);
    assert.match(open, /topic orders: its key leaves 'skew' open/);
  });
  test('refuse a codec that takes less than its schema says', () => {
    const liar = withFields({ amount: field(constrainedInstalments(12, 48), 'In minor units.') });
    assert.match(problemsOf('OrderDelivered', liar), /its codec refuses a value that its JSON Schema takes/);
  });
  test('let an event without earlier versions be declared as briefly as before', () => {
    const { earlier, owner, since } = defineEvent('VoucherIssued', { schemaVersion: 1, meaning: 'x', fields: {} });
    assert.equal([earlier, owner, since], [[], '', '']);
  });
});
