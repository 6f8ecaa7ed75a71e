/** A book in a member's hands; `BookLent` has an earlier version, as an example of one. */
import { aggregate } from '../../../domain/kernel/aggregate';
import { field } from '../../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../../domain/kernel/command-definition';
import { accept, nothingToChange, reject, type Decision } from '../../../domain/kernel/decider';
import { defineEvent, earlierVersion, type EventOf } from '../../../domain/kernel/event-definition';
import { Identifier, Instant, oneOf } from '../../../domain/kernel/values';

const facts = {
  loanId: field(Identifier, 'The loan.'),
  memberId: field(Identifier, 'Who has the book.'),
};
const contract = { owner: 'library', since: '2026-11-25' };
const lentAt = field(Instant, 'When it was lent; business time, UTC.');
const returnedAt = field(Instant, 'When it came back; business time, UTC.');
const remindedAt = field(Instant, 'When the member was reminded; business time, UTC.');
// Version 1 did not say where: machines came with version 2.
const lentFieldsV1 = { ...facts, lentAt };
const desk = field(oneOf({ counter: null, machine: null }), 'Where it was lent.');
const lentFields = { ...lentFieldsV1, desk };
const meaning = 'A member took a book.';
export const BookLent = defineEvent('BookLent', {
  ...contract,
  schemaVersion: 2,
  meaning,
  fields: lentFields,
  earlier: [
    earlierVersion({
      type: 'BookLent',
      schemaVersion: 1,
      since: '2026-11-25',
      deprecated: '2026-11-25',
      sunset: '2027-05-25',
      meaning,
      fields: lentFieldsV1,
      next: lentFields,
      upcast: (data) => ({ ...data, desk: 'counter' as const }),
      downcast: ({ desk: at, ...data }) => (at === 'counter' ? data : undefined),
    }),
  ],
});
export const BookReturned = defineEvent('BookReturned', {
  ...contract,
  schemaVersion: 1,
  meaning: 'The book came back.',
  fields: { ...facts, returnedAt },
});
export const MemberReminded = defineEvent('MemberReminded', {
  ...contract,
  schemaVersion: 1,
  meaning: 'The member was asked to return it.',
  fields: { ...facts, remindedAt },
});

const lend = defineCommand('lend', {
  meaning: 'Lends a book.',
  fields: { memberId: facts.memberId, lentAt, desk },
  example: { memberId: 'm1', desk: 'machine', lentAt: '2026-01-01T12:00:00Z' },
});
const giveBack = defineCommand('return', {
  meaning: 'Returns it.',
  fields: { returnedAt },
  example: { returnedAt: '2026-01-01T12:00:00Z' },
});
const remind = defineCommand('remind', {
  meaning: 'Reminds the member.',
  fields: { remindedAt },
  example: { remindedAt: '2026-01-01T12:00:00Z' },
});

type Command = CommandOf<typeof lend> | CommandOf<typeof giveBack> | CommandOf<typeof remind>;
type Event = EventOf<typeof BookLent> | EventOf<typeof BookReturned> | EventOf<typeof MemberReminded>;
interface Loan {
  readonly memberId?: string;
  readonly isReturned?: boolean;
  readonly isReminded?: boolean;
}
const decide = (command: Command, loan: Loan): Decision<Event> => {
  const { memberId } = loan;
  if (command.type === 'lend') {
    if (memberId === undefined) return accept(BookLent.of({ loanId: command.id, ...command.data }));
    return memberId === command.data.memberId
      ? nothingToChange
      : reject('BookAlreadyLent', `Loan ${command.id} is another member's.`);
  }
  if (memberId === undefined) return reject('BookNotLent', `No loan has the id ${command.id}: lend it first.`);
  const common = { loanId: command.id, memberId };
  if (command.type === 'return')
    return loan.isReturned === true ? nothingToChange : accept(BookReturned.of({ ...common, ...command.data }));
  if (loan.isReturned === true || loan.isReminded === true) return nothingToChange;
  return accept(MemberReminded.of({ ...common, ...command.data }));
};
export const loanAggregate = aggregate<Command, Loan, Event>({
  category: 'loan',
  path: 'loans',
  meaning: "A book in a member's hands.",
  topic: {
    name: 'loans',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the loan id',
      because: 'a book is lent before it is returned',
      concurrency: 'Four partitions let four consumers share the topic.',
      skew: 'None is expected: a loan has three events.',
    },
  },
  events: [BookLent, BookReturned, MemberReminded],
  commands: [lend, giveBack, remind],
  decider: {
    decide,
    evolve: (state, event) => {
      switch (event.type) {
        case 'BookLent':
          return { ...state, memberId: event.data.memberId };
        case 'BookReturned':
          return { ...state, isReturned: true };
        case 'MemberReminded':
          return { ...state, isReminded: true };
      }
    },
    initialState: {},
  },
});
