/** A copy of a book, which is lent again and again. `CopyLent` has an earlier version. */
import {
  accept,
  type CommandOf,
  type Decision,
  defineAggregate,
  defineCommand,
  defineEvent,
  earlierVersion,
  type EventOf,
  field,
  Identifier,
  Instant,
  nothingToChange,
  oneOf,
  Quantity,
  reject,
  Text,
} from 'tidemark';

// -------------------------------------------------------------------------------------
// Events: storage formats, change them with a new version only
// -------------------------------------------------------------------------------------

const contract = { owner: 'library', since: '2026-11-26' };
const copyId = field(Identifier, 'The copy.');
const title = field(Text, 'The title of the book.');
const loan = field(Quantity, 'Which loan of the copy it is: 1 for the first.');
const memberId = field(Identifier, 'Who has the copy.');
const acquiredAt = field(Instant, 'Since when the library has it; business time, UTC.');
const lentAt = field(Instant, 'When it was lent; business time, UTC.');
const remindedAt = field(Instant, 'When the member was reminded; business time, UTC.');
const returnedAt = field(Instant, 'When it came back; business time, UTC.');
const desk = field(oneOf({ counter: null, machine: null }), 'Where it was lent.');
const ofLoan = { copyId, loan, memberId };

export const CopyAcquired = defineEvent('CopyAcquired', {
  ...contract,
  schemaVersion: 1,
  meaning: 'The library has a new copy.',
  fields: { copyId, title, acquiredAt },
});

// Version 1 did not say where: the lending machines came with version 2.
const lentFieldsV1 = { ...ofLoan, lentAt };
const lentFields = { ...lentFieldsV1, desk };
const lentMeaning = 'A member took the copy home.';
export const CopyLent = defineEvent('CopyLent', {
  ...contract,
  schemaVersion: 2,
  meaning: lentMeaning,
  fields: lentFields,
  earlier: [
    earlierVersion({
      type: 'CopyLent',
      schemaVersion: 1,
      since: '2026-11-26',
      deprecated: '2026-11-26',
      sunset: '2027-11-26',
      meaning: lentMeaning,
      fields: lentFieldsV1,
      next: lentFields,
      upcast: (data) => ({ ...data, desk: 'counter' as const }),
      downcast: ({ desk: at, ...data }) => (at === 'counter' ? data : undefined),
    }),
  ],
});

export const ReturnReminded = defineEvent('ReturnReminded', {
  ...contract,
  schemaVersion: 1,
  meaning: 'The member was asked to bring the copy back.',
  fields: { ...ofLoan, remindedAt },
});

export const CopyReturned = defineEvent('CopyReturned', {
  ...contract,
  schemaVersion: 1,
  meaning: 'The copy came back.',
  fields: { ...ofLoan, returnedAt },
});

// -------------------------------------------------------------------------------------
// Commands
// -------------------------------------------------------------------------------------

const acquire = defineCommand('acquire', {
  meaning: 'Adds a copy to the library.',
  fields: { title, acquiredAt },
  example: { title: 'Middlemarch', acquiredAt: '2026-01-01T12:00:00Z' },
});
const lend = defineCommand('lend', {
  meaning: 'Lends the copy to a member.',
  fields: { memberId, lentAt, desk },
  example: { memberId: 'm1', lentAt: '2026-01-02T12:00:00Z', desk: 'machine' },
});
const remind = defineCommand('remind', {
  meaning: 'Asks the member to bring the copy back.',
  fields: { loan, remindedAt },
  example: { loan: 1, remindedAt: '2026-01-30T12:00:00Z' },
});
const giveBack = defineCommand('return', {
  meaning: 'Takes the copy back.',
  fields: { returnedAt },
  example: { returnedAt: '2026-02-01T12:00:00Z' },
});

type CopyCommand =
  CommandOf<typeof acquire> | CommandOf<typeof lend> | CommandOf<typeof remind> | CommandOf<typeof giveBack>;
type CopyEvent =
  | EventOf<typeof CopyAcquired>
  | EventOf<typeof CopyLent>
  | EventOf<typeof ReturnReminded>
  | EventOf<typeof CopyReturned>;

// -------------------------------------------------------------------------------------
// State and decisions
// -------------------------------------------------------------------------------------

interface Copy {
  readonly title?: string;
  /** The last loan, which may be over. */
  readonly last?: Loan;
}

interface Loan {
  readonly loan: number;
  readonly memberId: string;
  readonly isReminded: boolean;
  readonly isReturned: boolean;
}

const evolve = (copy: Copy, event: CopyEvent): Copy => {
  const { last } = copy;
  switch (event.type) {
    case 'CopyAcquired':
      return { ...copy, title: event.data.title };
    case 'CopyLent': {
      const { loan, memberId } = event.data;
      return { ...copy, last: { loan, memberId, isReminded: false, isReturned: false } };
    }
    case 'ReturnReminded':
      return last === undefined ? copy : { ...copy, last: { ...last, isReminded: true } };
    case 'CopyReturned':
      return last === undefined ? copy : { ...copy, last: { ...last, isReturned: true } };
  }
};

const decide = (command: CopyCommand, { title, last }: Copy): Decision<CopyEvent> => {
  const { id } = command;
  if (command.type === 'acquire') {
    if (title === undefined) return accept(CopyAcquired.of({ copyId: id, ...command.data }));
    return title === command.data.title
      ? nothingToChange
      : reject('CopyAlreadyAcquired', `The copy ${id} is of another book.`);
  }
  if (title === undefined) return reject('CopyNotAcquired', `The library has no copy ${id}.`);
  if (command.type === 'lend') {
    if (last === undefined || last.isReturned)
      return accept(CopyLent.of({ copyId: id, loan: (last?.loan ?? 0) + 1, ...command.data }));
    // The same command may come twice.
    return last.memberId === command.data.memberId
      ? nothingToChange
      : reject('CopyAlreadyLent', `The copy ${id} is not back yet.`);
  }
  if (last === undefined) return reject('CopyNotLent', `The copy ${id} was never lent.`);
  if (last.isReturned) return nothingToChange;
  const { loan, memberId } = last;
  if (command.type === 'return') return accept(CopyReturned.of({ copyId: id, loan, memberId, ...command.data }));
  // The reminder of an earlier loan comes too late to matter.
  if (loan !== command.data.loan || last.isReminded) return nothingToChange;
  return accept(ReturnReminded.of({ copyId: id, memberId, ...command.data }));
};

export const copy = defineAggregate<CopyCommand, Copy, CopyEvent>({
  category: 'copy',
  path: 'copies',
  meaning: 'A copy of a book.',
  topic: {
    name: 'copies',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the copy id',
      because: 'a copy is lent, brought back, and lent again',
      concurrency: 'Four partitions let four consumers share the topic.',
      skew: 'Little is expected: no copy can be lent twice at the same time.',
    },
  },
  events: [CopyAcquired, CopyLent, ReturnReminded, CopyReturned],
  commands: [acquire, lend, remind, giveBack],
  decider: { decide, evolve, initialState: {} },
});
