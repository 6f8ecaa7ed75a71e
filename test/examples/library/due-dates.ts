/** What is due for the loans that are not back yet: two rows for each, removed when they are done. */
import { defineProjection, text } from '../../../projections/projection';
import { BookLent, BookReturned, MemberReminded } from './loan';

const DAY_MS = 86_400_000;
const REMINDER_DAYS = 14;
const RETURN_DAYS = 28;

export const dueDates = defineProjection({
  name: 'due-dates',
  version: 1,
  meaning: 'One row for each thing that is due for a loan: a reminder, and the return.',
  view: {
    key: { loanId: text('The loan.'), kind: text('reminder or return.') },
    columns: { memberId: text('Who has the book.'), dueAt: text('When it is due; business time, UTC.') },
    indexes: [['dueAt']],
  },
  handles: [BookLent, MemberReminded, BookReturned],
  project: (event) => {
    const { loanId, memberId } = event.data;
    const reminder = { loanId, kind: 'reminder' };
    const giveBack = { loanId, kind: 'return' };
    switch (event.type) {
      case 'BookLent':
        return [
          { key: reminder, set: { memberId, dueAt: daysAfter(event.data.lentAt, REMINDER_DAYS) } },
          { key: giveBack, set: { memberId, dueAt: daysAfter(event.data.lentAt, RETURN_DAYS) } },
        ];
      case 'MemberReminded':
        return [{ key: reminder, remove: true }];
      case 'BookReturned':
        return [
          { key: reminder, remove: true },
          { key: giveBack, remove: true },
        ];
    }
  },
});

const daysAfter = (instant: string, days: number): string =>
  new Date(Date.parse(instant) + days * DAY_MS).toISOString();
