/** Every loan under the present name of its member: copies and members are two topics, and either may be heard first. */
import { defineJoin, integer, nullable, text } from 'tidemark/projections';
import { CopyLent, CopyReturned } from './copy.js';
import { MemberRegistered, MemberRenamed } from './member.js';

export const loans = defineJoin({
  name: 'loans',
  version: 1,
  meaning: 'One row a loan: which copy, and who has it under the name that they have now.',
  view: {
    key: { copyId: text('The copy.'), loan: integer('Which loan of the copy it is.') },
    columns: {
      memberId: text('Who has it.'),
      memberName: nullable(text('Their present name; null until it is known.')),
      lentAt: text('When it was lent; business time, UTC.'),
      returnedAt: nullable(text('When it came back; null before.')),
    },
    indexes: [['memberId'], ['lentAt']],
  },
  references: {
    member: {
      table: { key: { memberId: text('The member.') }, columns: { name: text('The name on the card.') } },
      on: ['memberId'],
      columns: { memberName: 'name' },
    },
  },
  handles: [CopyLent, CopyReturned, MemberRegistered, MemberRenamed],
  project: (event) => {
    switch (event.type) {
      case 'CopyLent': {
        const { copyId, loan, memberId, lentAt } = event.data;
        return [{ key: { copyId, loan }, set: { memberId, lentAt } }];
      }
      case 'CopyReturned': {
        const { copyId, loan, returnedAt } = event.data;
        return [{ key: { copyId, loan }, set: { returnedAt } }];
      }
      case 'MemberRegistered':
      case 'MemberRenamed': {
        const { memberId, name } = event.data;
        return [{ in: 'member', key: { memberId }, set: { name } }];
      }
    }
  },
});
