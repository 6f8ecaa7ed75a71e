/** Every loan with the name of its member: loans and members are two streams in two topics, and either may be heard first. */
import { defineJoin, nullable, text } from '../../../projections/projection';
import { BookLent, BookReturned } from './loan';
import { MemberLeft, MemberRegistered, MemberRenamed } from './member';

export const loanList = defineJoin({
  name: 'loan-list',
  version: 1,
  meaning: 'One row a loan: who has the book, under the name that they have now.',
  view: {
    key: { loanId: text('The loan.') },
    columns: {
      memberId: text('Who has the book.'),
      memberName: nullable(text('Their present name; null until it is known, and once they have left.')),
      lentAt: text('When it was lent; business time, UTC.'),
      returnedAt: nullable(text('When it came back; null before.')),
    },
    indexes: [['memberId'], ['lentAt'], ['memberName', 'lentAt']],
  },
  references: {
    member: {
      table: { key: { memberId: text('The member.') }, columns: { name: text('The name on the card.') } },
      on: ['memberId'],
      columns: { memberName: 'name' },
    },
  },
  handles: [BookLent, BookReturned, MemberRegistered, MemberRenamed, MemberLeft],
  project: (event) => {
    switch (event.type) {
      case 'BookLent': {
        const { loanId, memberId, lentAt } = event.data;
        return [{ key: { loanId }, set: { memberId, lentAt } }];
      }
      case 'BookReturned': {
        const { loanId, returnedAt } = event.data;
        return [{ key: { loanId }, set: { returnedAt } }];
      }
      case 'MemberRegistered':
      case 'MemberRenamed': {
        const { memberId, name } = event.data;
        return [{ in: 'member', key: { memberId }, set: { name } }];
      }
      case 'MemberLeft':
        return [{ in: 'member', key: { memberId: event.data.memberId }, remove: true }];
    }
  },
});
