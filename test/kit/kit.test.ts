/** The kit where tests fail: what it says then, in any test runner. */
import * as assert from 'uvu/assert';
import { defineProcessManager } from '../../domain/kernel/process-manager';
import { defineProjection, integer, rejected, text } from '../../projections/projection';
import {
  AssertionError,
  inMemoryApplication,
  inStream,
  testAggregate,
  testProcessManager,
  testProjection,
} from '../../projections/testing/testing';
import { defineApplication } from '../../projections/application';
import { application as shop } from '../../projections/fulfilment/application';
import library from '../examples/library/application';
import { BookLent, BookReturned, loanAggregate } from '../examples/library/loan';
import { memberLoans } from '../examples/library/member-loans';
import { reminders } from '../examples/library/reminders';
import { authorise, capture } from '../../domain/payment/commands';
import { spec } from '../spec';
import { messageOf, thrownBy } from './thrown';

const lentAt = '2026-01-05T08:00:00Z';
const returnedAt = '2026-01-05T09:00:00Z';
const lend = { memberId: 'm1', lentAt, desk: 'counter' };
const lent = BookLent.of({ loanId: 'l1', memberId: 'm1', lentAt, desk: 'counter' });
const returned = BookReturned.of({ loanId: 'l1', memberId: 'm1', returnedAt });
const loan = testAggregate(loanAggregate, 'l1');

spec('the kit: an aggregate that does something else', ({ test }) => {
  test('is shown with a difference, which test runners can show in their own way too', async () => {
    const error = await thrownBy(() =>
      loan
        .given()
        .when('lend', lend)
        .then(BookLent.of({ ...lent.data, memberId: 'm2' })),
    );
    assert.ok(error instanceof AssertionError);
    assert.match(error.message, "'lend' causes other events than expected:");
    assert.match(error.message, "-       memberId: 'm2'");
    assert.match(error.message, "+       memberId: 'm1'");
    assert.ok(!error.message.includes('-       loanId'), 'what is the same is no difference');
    assert.equal(error.actual, [lent]);
  });

  test('says what happened instead', async () => {
    const rejection = await messageOf(() => loan.given().when('return', { returnedAt }).then(returned));
    assert.is(rejection, "'return' is rejected as BookNotLent: No loan has the id l1: lend it first.");
    const accepted = await messageOf(() => loan.given().when('lend', lend).thenRejected('BookAlreadyLent'));
    assert.match(accepted, "'lend' is accepted, but should be rejected as BookAlreadyLent; it causes");
    const other = await messageOf(() => loan.given().when('return', { returnedAt }).thenRejected('BookLost'));
    assert.match(other, '+ ' + "'BookNotLent'");
    const silent = await messageOf(() => loan.given().when('return', { returnedAt }).thenRejected('BookNotLent', /l2/));
    assert.match(silent, 'does not say /l2/');
    assert.match(await messageOf(() => loan.given(lent).when('lend', lend).then(lent)), '- ');
  });

  test('gets nothing that its contracts do not allow', async () => {
    const noCommand = await messageOf(() => loan.given().when('borrow', lend));
    assert.is(noCommand, "the aggregate loan has no command 'borrow'; it has lend, return, remind");
    const badBody = await messageOf(() => loan.given().when('lend', { ...lend, desk: 'sofa' }));
    assert.match(badBody, "the body of 'lend' does not pass its codec: ");
    assert.match(badBody, 'desk');
    const noEvent = await messageOf(() => loan.given({ type: 'BookLost', data: {} }));
    assert.match(noEvent, 'the aggregate loan does not know the event BookLost; it knows BookLent, BookReturned');
    const badEvent = await messageOf(() => loan.given({ type: 'BookLent', data: {} }));
    assert.match(badEvent, 'BookLent does not keep its contract: ');
    assert.match(badEvent, 'loanId');
  });
});

const strict = defineProjection({
  name: 'strict-loans',
  version: 1,
  meaning: 'Takes no machines.',
  view: { key: { loanId: text('The loan.') }, columns: { days: integer('Days.') } },
  handles: [BookLent],
  project: ({ data: { loanId, desk } }) =>
    desk === 'machine' ? rejected(`no machine: ${loanId}`) : [{ key: { loanId } }],
});

spec('the kit: a projection with other rows', ({ test }) => {
  test('is shown with a difference over the columns that the test names', async () => {
    const rows = testProjection(memberLoans).given(lent);
    const message = await messageOf(() => rows.then({ memberId: 'm1', open: 2 }));
    assert.match(message, 'the projection member-loans has other rows than expected:');
    assert.match(message, '-     open: 2');
    assert.match(message, '+     open: 1');
    assert.ok(!message.includes('reminders'));
    assert.match(await messageOf(() => rows.then()), "memberId: 'm1'");
    assert.match(await messageOf(() => rows.then({ memberId: 'm1' }, { memberId: 'm2' })), "-     memberId: 'm2'");
    assert.equal(rows.rows(), [{ memberId: 'm1', open: 1, reminders: 0 }]);
  });

  test('is not asked for columns that it does not have', async () => {
    const rows = testProjection(memberLoans).given(lent);
    const unknown = await messageOf(() => rows.then({ memberId: 'm1', opened: 1 }));
    assert.is(unknown, "the projection member-loans has no column 'opened'; it has memberId, open, reminders");
    assert.match(await messageOf(() => rows.then({ open: 1 })), 'lacks memberId');
    assert.match(
      await messageOf(() => rows.then({ memberId: 'm1' }, { memberId: 'm1' })),
      'two expected rows have the same key',
    );
  });

  test('rejects events with the expected reason, or not at all', async () => {
    const byMachine = { ...lent, data: { ...lent.data, desk: 'machine' as const } };
    const { given } = testProjection(strict);
    given(byMachine).thenRejected('no machine: l1');
    given(byMachine).thenRejected(/l1$/);
    given(lent).then({ loanId: 'l1' });
    assert.match(await messageOf(() => given(byMachine).thenRejected('late')), 'another reason: no machine: l1');
    assert.match(await messageOf(() => given(lent).thenRejected('late')), 'rejects none of the events');
    assert.is(
      await messageOf(() => given(byMachine).rows()),
      'the projection strict-loans rejects BookLent (test-1@1): no machine: l1',
    );
    assert.match(await messageOf(() => given(returned)), 'strict-loans does not know the event BookReturned');
  });
});

spec('the kit: a process manager that does something else', ({ test }) => {
  const onLoan = testProcessManager(reminders).given(inStream('loan-l1', lent));

  test('is shown with a difference', async () => {
    const message = await messageOf(() =>
      onLoan.whenTimePasses(5_000).then({ type: 'remind', data: { remindedAt: '2026-01-05T08:00:09.000Z' } }),
    );
    assert.match(message, 'the process manager reminders issues other commands than expected:');
    assert.match(message, "+       remindedAt: '2026-01-05T08:00:05.000Z'");
    assert.match(await messageOf(() => onLoan.whenTimePasses(5_000).thenNothing()), "+     aggregateId: 'l1'");
    assert.match(await messageOf(() => onLoan.thenDeadlines()), '2026-01-05T08:00:05.000Z');
  });

  test('says which commands wait for an outcome', async () => {
    assert.match(await messageOf(() => onLoan.whenAccepted({ type: 'remind' }).commands()), 'none is pending');
    const late = onLoan.whenTimePasses(5_000);
    const other = await messageOf(() => late.whenRejected({ type: 'remind', aggregateId: 'l2' }, 'No').commands());
    assert.match(other, 'pending are loan-l1/remind');
  });

  test('may share a beginning with other tests', () => {
    const late = onLoan.whenTimePasses(5_000);
    onLoan.when(inStream('loan-l1', returned)).whenTimePasses(5_000).thenNothing();
    assert.equal(
      late.commands().map(({ type }) => type),
      ['remind'],
    );
  });

  test('has to keep plain JSON', async () => {
    const dated = defineProcessManager<unknown>({
      name: 'dated',
      version: 1,
      meaning: 'Keeps a date.',
      handles: [BookLent],
      instanceOf: () => 'one',
      initialState: null,
      step: () => ({ state: { loans: [{ since: new Map() }] }, commands: [] }),
    });
    assert.is(
      await messageOf(() => testProcessManager(dated).given(lent).commands()),
      "the process manager dated: the state after Event has a Map at 'loans[0].since'; it is stored as JSON, so keep plain JSON in it",
    );
  });
});

spec('the kit: an application in memory', ({ test }) => {
  test('rejects with the reason, and says what it does not have', async () => {
    const application = inMemoryApplication(library);
    assert.is(
      await messageOf(() => application.send('loan', 'l1', 'return', { returnedAt })),
      "'return' of loan-l1 is rejected as BookNotLent: No loan has the id l1: lend it first.",
    );
    assert.match(
      await messageOf(() => application.rejectionOf('loan', 'l1', 'lend', lend)),
      "'lend' of loan-l1 is accepted",
    );
    assert.match(
      await messageOf(() => application.send('book', 'l1', 'lend', lend)),
      "the application library has no aggregate of the category 'book'; it has loan",
    );
    assert.match(
      await messageOf(() => Promise.resolve(application.rows('loans'))),
      "no projection 'loans'; it has member-loans",
    );
    assert.equal(Object.keys(application.state('loan', 'l1') as object), ['memberId']);
  });

  test('sees an order of the shipped domain through, and its payment term pass', async () => {
    const orders = inMemoryApplication(shop, { settings: { paymentTermMs: 60_000 } });
    const at = '2026-01-05T08:00:00Z';
    await orders.send('stock', 'cup', 'receive', { receiptId: 'd1', quantity: 5, receivedAt: at });
    const lines = [{ sku: 'cup', quantity: 2, unitPrice: 700, freight: 0 }];
    const place = { customerId: 'c1', currency: 'EUR', placedAt: at, lines };
    await orders.send('order', 'o1', 'place', place);
    await orders.send('order', 'o2', 'place', place);
    const amount = { orderId: 'o1', amount: 1_400, currency: 'EUR', method: 'credit-card', instalments: 1 } as const;
    await orders.send('payment', 'p1', authorise, { ...amount, authorisedAt: at });
    await orders.send('payment', 'p1', capture, { capturedAt: at });
    orders.assertRows('order-summary', { orderId: 'o1', status: 'confirmed' }, { orderId: 'o2', status: 'placed' });
    await orders.passTime(60_000);
    orders.assertRows('order-summary', { orderId: 'o1', paid: 1_400 }, { orderId: 'o2', status: 'cancelled' });
    orders.assertRows('stock-level', { sku: 'cup', onHand: 5, reserved: 2, available: 3 });
  });

  test('stops process managers that answer themselves without end', async () => {
    const echo = defineProcessManager<unknown>({
      name: 'echo',
      version: 1,
      meaning: 'Never stops.',
      handles: [BookLent],
      instanceOf: () => 'one',
      initialState: 0,
      step: (state) => ({ state: Number(state) + 1, commands: [commandNumber(Number(state))] }),
    });
    const endless = defineApplication({ name: 'endless', aggregates: [loanAggregate], processManagers: [echo] });
    assert.is(
      await messageOf(() => inMemoryApplication(endless).send('loan', 'l1', 'lend', lend)),
      'the process manager echo issues commands without end',
    );
  });
});

const commandNumber = (number: number) => ({
  id: `echo/${number}`,
  causationId: 'loan-l1@1',
  correlationId: 'c',
  category: 'loan',
  aggregateId: 'l1',
  type: 'lend',
  data: lend,
});
