/** The library's tests, written with the kit: an example to copy. */
import {
  inMemoryApplication,
  inStream,
  testAggregate,
  testProcessManager,
  testProjection,
} from '../../../projections/testing/testing';
import { spec } from '../../spec';
import * as assert from 'uvu/assert';
import library from './application';
import { BookLent, BookReturned, loanAggregate, MemberReminded } from './loan';
import { memberLoans } from './member-loans';
import { reminders } from './reminders';

const facts = { loanId: 'l1', memberId: 'm1' };
const lentAt = '2026-01-05T08:00:00Z';
const returnedAt = '2026-01-05T09:00:00Z';
const lent = BookLent.of({ ...facts, lentAt, desk: 'counter' });
const returned = BookReturned.of({ ...facts, returnedAt });
const reminded = MemberReminded.of({ ...facts, remindedAt: '2026-01-05T08:00:05.000Z' });

spec('library: a loan', ({ test }) => {
  const loan = testAggregate(loanAggregate, 'l1');
  const lend = { memberId: 'm1', lentAt, desk: 'counter' };

  test('a book is lent', () => loan.given().when('lend', lend).then(lent));
  test('the same loan again changes nothing', () => loan.given(lent).when('lend', lend).thenNothing());
  test('a book that somebody has is not lent to another member', () =>
    loan
      .given(lent)
      .when('lend', { ...lend, memberId: 'm2' })
      .thenRejected('BookAlreadyLent', 'l1'));
  test('a book comes back once', () => {
    loan.given(lent).when('return', { returnedAt }).then(returned);
    loan.given(lent, returned).when('return', { returnedAt }).thenNothing();
  });
  test('what was not lent cannot come back', () =>
    loan.given().when('return', { returnedAt }).thenRejected('BookNotLent'));
});

spec("library: a member's loans", ({ test }) => {
  const { given } = testProjection(memberLoans);

  test('count the books that are not back yet', () =>
    given(
      inStream('loan-l1', lent, returned),
      inStream('loan-l2', { ...lent, data: { ...lent.data, loanId: 'l2' } }),
    ).then({
      memberId: 'm1',
      open: 1,
      reminders: 0,
    }));
  test('count the reminders', () => given(lent, reminded).then({ memberId: 'm1', open: 1, reminders: 1 }));
});

spec('library: reminders', ({ test }) => {
  const onLoan = testProcessManager(reminders).given(inStream('loan-l1', lent));
  const remind = { category: 'loan', aggregateId: 'l1', type: 'remind' };

  test('are sent when the term has passed, and not before', () => {
    onLoan
      .thenNothing()
      .thenDeadlines('2026-01-05T08:00:05.000Z')
      .whenTimePasses(4_999)
      .thenNothing()
      .whenTimePasses(1)
      .then({ ...remind, data: { remindedAt: '2026-01-05T08:00:05.000Z' } })
      .whenTimePasses(60_000)
      .thenNothing();
  });
  test('are not sent for a book that is back', () => {
    onLoan.when(inStream('loan-l1', returned)).whenTimePasses(5_000).thenNothing();
  });
  test('are sent once, whatever becomes of the command', () => {
    const late = onLoan.whenTimePasses(5_000);
    late.whenAccepted(remind).thenNothing();
    late.whenRejected(remind, 'BookNotLent').thenNothing();
  });
});

spec('library: the application', ({ test }) => {
  const lend = { memberId: 'm1', lentAt, desk: 'counter' };

  test('lends, reminds and takes back', async () => {
    const application = inMemoryApplication(library);
    assert.equal(
      (await application.send('loan', 'l1', 'lend', lend)).map(({ id }) => id),
      ['loan-l1@1'],
    );
    application.assertRows('member-loans', { memberId: 'm1', open: 1, reminders: 0 });
    await application.passTime(5_000);
    application.assertRows('member-loans', { memberId: 'm1', open: 1, reminders: 1 });
    await application.send('loan', 'l1', 'return', { returnedAt });
    application.assertRows('member-loans', { memberId: 'm1', open: 0, reminders: 1 });
    assert.equal(
      application.events('loan-l1').map(({ type, recordedAt }) => [type, recordedAt.slice(11, 19)]),
      [
        ['BookLent', '08:00:00'],
        ['MemberReminded', '08:00:05'],
        ['BookReturned', '08:00:05'],
      ],
    );
  });

  test('refuses what the loan refuses', async () => {
    const application = inMemoryApplication(library);
    const { type } = await application.rejectionOf('loan', 'l1', 'return', { returnedAt });
    assert.is(type, 'BookNotLent');
    application.assertRows('member-loans');
  });
});
