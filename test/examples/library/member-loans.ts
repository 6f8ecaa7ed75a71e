/** What each member has at home. */
import { defineProjection, integer, text } from '../../../projections/projection';
import { BookLent, BookReturned, MemberReminded } from './loan';

export const memberLoans = defineProjection({
  name: 'member-loans',
  version: 1,
  meaning: 'One row a member: the books that are not back yet, and the reminders sent.',
  view: {
    key: { memberId: text('The member.') },
    columns: { open: integer('How many books are not back yet.'), reminders: integer('How many reminders were sent.') },
  },
  handles: [BookLent, BookReturned, MemberReminded],
  project: ({ type, data: { memberId } }) => {
    if (type === 'MemberReminded') return [{ key: { memberId }, add: { reminders: 1 } }];
    return [{ key: { memberId }, add: { open: type === 'BookLent' ? 1 : -1 } }];
  },
});
