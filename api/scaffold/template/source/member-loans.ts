/** What each member has at home. */
import { defineProjection, integer, text } from 'tidemark/projections';
import { CopyLent, CopyReturned, ReturnReminded } from './copy.js';

export const memberLoans = defineProjection({
  name: 'member-loans',
  version: 1,
  meaning: 'One row a member: the copies that are not back yet, all loans, and the reminders sent.',
  view: {
    key: { memberId: text('The member.') },
    columns: {
      open: integer('How many copies are not back yet.'),
      loans: integer('How many loans there were.'),
      reminders: integer('How many reminders were sent.'),
    },
  },
  handles: [CopyLent, ReturnReminded, CopyReturned],
  project: ({ type, data: { memberId } }) => {
    switch (type) {
      case 'CopyLent':
        return [{ key: { memberId }, add: { open: 1, loans: 1 } }];
      case 'CopyReturned':
        return [{ key: { memberId }, add: { open: -1 } }];
      case 'ReturnReminded':
        return [{ key: { memberId }, add: { reminders: 1 } }];
    }
  },
});
