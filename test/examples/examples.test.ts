/** The examples of the README: that they work, and that the README shows them as they are. */
import * as E from 'fp-ts/Either';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { application } from '../../projections/fulfilment/application';
import { ruleFindings } from '../../domain/contracts/contract-rules';
import { catalogOf } from '../../domain/kernel/aggregate';
import type { ProcessInput } from '../../domain/kernel/process-manager';
import { readLock } from '../../infra/contracts/contract-files';
import { readPastForms } from '../../infra/contracts/past-forms';
import { spec } from '../spec';
import library from './library/application';
import { loanAggregate } from './library/loan';
import { reminders } from './library/reminders';
import { voucherAggregate } from './voucher';
import { voucherBalance } from './voucher-balance';

const { catalog } = application;

const root = join(__dirname, '..', '..', '..');
const read = (...path: ReadonlyArray<string>): string => readFileSync(join(root, ...path), 'utf8');

const issue = {
  type: 'issue',
  id: 'v1',
  data: { customerId: 'c1', amount: 500, currency: 'EUR', issuedAt: '2026-01-01T12:00:00Z' },
};
const redeem = { type: 'redeem', id: 'v1', data: { redeemedAt: '2026-01-02T12:00:00Z' } };

spec('the examples of the README', ({ test }) => {
  test('are shown as they are', () => {
    const readme = read('README.md');
    for (const name of ['voucher.ts', 'voucher-balance.ts']) {
      assert.ok(
        readme.includes(read('test', 'examples', name)),
        `README.md shows another ${name} than test/examples has`,
      );
    }
  });

  test('are shown as they are by the page about an application of its own', () => {
    const page = read('docs', 'first-application.md');
    assert.ok(page.includes(read('test', 'examples', 'library', 'reminders.ts')), 'it shows another reminders.ts');
  });

  test('keep to the contracts that the library has accepted', () => {
    const { contractsFolder } = library;
    assert.ok(contractsFolder !== undefined && readLock(contractsFolder).events['BookLent'] !== undefined);
    assert.equal(ruleFindings(catalogOf([loanAggregate]), readPastForms()), []);
  });

  test('remind a member once the term has passed, unless the book is back', () => {
    const at = (version: number, type: string): ProcessInput => {
      const envelope = { id: `loan-l1@${version}`, stream: 'loan-l1', version, position: version, schemaVersion: 1 };
      const origin = { recordedAt: '2026-01-01T12:00:00.000Z', correlationId: 'r1', causationId: 'r1', actor: 'a' };
      return { _tag: 'Event', event: { ...envelope, ...origin, type, data: { loanId: 'l1' } } };
    };
    const lent = reminders.step(reminders.initialState, at(1, 'BookLent'));
    const [deadline] = lent.deadlines ?? [];
    assert.ok(deadline);
    assert.is(deadline.dueAt, '2026-01-01T12:00:05.000Z');
    const passed: ProcessInput = { _tag: 'DeadlinePassed', deadline };
    assert.equal(
      reminders.step(lent.state, passed).commands.map(({ id, type }) => [id, type]),
      [['reminders/loan-l1@1/remind', 'remind']],
    );
    const returned = reminders.step(lent.state, at(2, 'BookReturned'));
    assert.equal(reminders.step(returned.state, passed).commands, []);
  });

  test('fit into the catalog beside the shipped aggregates', () => {
    const grown = catalogOf([...catalog.aggregates, voucherAggregate]);
    assert.is(grown.byTopic('vouchers')?.category, 'voucher');
  });

  test('pass the rules of contracts, so that they can be accepted', () => {
    assert.equal(ruleFindings(catalogOf([voucherAggregate]), readPastForms()), []);
  });

  test('issue and redeem a voucher once, and refuse the rest', () => {
    const empty = voucherAggregate.emptyFold;
    const issued = empty.decide(issue);
    assert.ok(E.isRight(issued) && issued.right.length === 1);
    const known = issued.right.reduce((fold, event) => fold.apply(event), empty);
    assert.equal(known.decide(issue), E.right([]));
    const other = known.decide({ ...issue, data: { ...issue.data, amount: 900 } });
    assert.is(E.isLeft(other) && other.left.type, 'VoucherAlreadyIssued');
    const redeemed = known.decide(redeem);
    assert.ok(E.isRight(redeemed) && redeemed.right.length === 1);
    const spent = redeemed.right.reduce((fold, event) => fold.apply(event), known);
    assert.equal(spent.decide(redeem), E.right([]));
    const early = empty.decide(redeem);
    assert.is(E.isLeft(early) && early.left.type, 'VoucherNotIssued');
  });

  test('are projected', () => {
    assert.equal(
      voucherBalance.handles.map(({ type }) => type),
      [...voucherAggregate.events.keys()],
    );
  });
});
