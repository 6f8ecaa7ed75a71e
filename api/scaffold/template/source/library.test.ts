import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  inMemoryApplication,
  inStream,
  propertiesOf,
  testAggregate,
  testProcessManager,
  testProjection,
} from 'tidemark/testing';
import application from './application.js';
import { copy, CopyAcquired, CopyLent, CopyReturned, ReturnReminded } from './copy.js';
import { loans } from './loans.js';
import { MemberRegistered, MemberRenamed } from './member.js';
import { reminders } from './reminders.js';

const TERM_MS = 28 * 86_400_000;
const acquiredAt = '2026-01-01T12:00:00Z';
const lentAt = '2026-01-05T08:00:00Z';
const returnedAt = '2026-01-09T08:00:00Z';
const loan = { copyId: 'c1', loan: 1, memberId: 'm1' };
const lend = { memberId: 'm1', lentAt, desk: 'counter' };

const acquired = CopyAcquired.of({ copyId: 'c1', title: 'Middlemarch', acquiredAt });
const lent = CopyLent.of({ ...loan, lentAt, desk: 'counter' });
const returned = CopyReturned.of({ ...loan, returnedAt });
const reminded = ReturnReminded.of({ ...loan, remindedAt: '2026-02-02T08:00:00.000Z' });

describe('a copy', () => {
  const { given } = testAggregate(copy, 'c1');

  test('is lent', () => given(acquired).when('lend', lend).then(lent));
  test('is lent once where the command comes twice', () => given(acquired, lent).when('lend', lend).thenNothing());
  test('is not lent while it is out', () =>
    given(acquired, lent)
      .when('lend', { ...lend, memberId: 'm2' })
      .thenRejected('CopyAlreadyLent', 'not back yet'));
  test('is lent again when it is back', () =>
    given(acquired, lent, returned)
      .when('lend', lend)
      .then({ ...lent, data: { ...lent.data, loan: 2 } }));
  test('comes back once', () => {
    given(acquired, lent).when('return', { returnedAt }).then(returned);
    given(acquired, lent, returned).when('return', { returnedAt }).thenNothing();
  });
  test('has to be in the library', () => given().when('lend', lend).thenRejected('CopyNotAcquired'));
});

describe('loans', () => {
  const registered = MemberRegistered.of({ memberId: 'm1', name: 'Ada Byron', registeredAt: acquiredAt });
  const renamed = MemberRenamed.of({ memberId: 'm1', name: 'Ada Lovelace', renamedAt: lentAt });
  const row = { copyId: 'c1', loan: 1, memberId: 'm1', memberName: 'Ada Lovelace', returnedAt: null };

  test('show the present name, whichever topic is heard first', () => {
    const { given } = testProjection(loans);
    given(inStream('member-m1', registered, renamed), inStream('copy-c1', lent)).then(row);
    given(inStream('copy-c1', lent), inStream('member-m1', registered, renamed)).then(row);
  });
});

describe('reminders', () => {
  const onLoan = testProcessManager(reminders(TERM_MS)).given(inStream('copy-c1', lent));
  const remind = { category: 'copy', aggregateId: 'c1', type: 'remind' };

  test('are sent when the term has passed, and not before', () => {
    onLoan
      .thenNothing()
      .whenTimePasses(TERM_MS - 1)
      .thenNothing()
      .whenTimePasses(1)
      .then({ ...remind, data: { loan: 1, remindedAt: '2026-02-02T08:00:00.000Z' } });
  });
  test('are not sent for a copy that is back', () => {
    onLoan.when(inStream('copy-c1', returned)).whenTimePasses(TERM_MS).thenNothing();
  });
});

describe('the application', () => {
  test('lends, reminds and takes back', async () => {
    const library = inMemoryApplication(application);
    await library.send('member', 'm1', 'register', { name: 'Ada Lovelace', registeredAt: acquiredAt });
    await library.send('copy', 'c1', 'acquire', { title: 'Middlemarch', acquiredAt });
    await library.send('copy', 'c1', 'lend', lend);
    library.assertRows('member-loans', { memberId: 'm1', open: 1, loans: 1, reminders: 0 });
    await library.passTime(TERM_MS);
    library.assertRows('member-loans', { memberId: 'm1', open: 1, loans: 1, reminders: 1 });
    await library.send('copy', 'c1', 'return', { returnedAt });
    library.assertRows('member-loans', { memberId: 'm1', open: 0, loans: 1, reminders: 1 });
    assert.deepEqual(
      library.events('copy-c1').map(({ type, data }) => ({ type, data })),
      [acquired, lent, reminded, returned].map(({ type, data }) => ({ type, data })),
    );
  });
});

describe('the laws of every application', () => {
  for (const { sentence, check } of propertiesOf(application)) test(sentence, check);
});
