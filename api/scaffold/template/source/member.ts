/** Somebody who may borrow books, under a name that changes now and then. */
import {
  accept,
  type CommandOf,
  type Decision,
  defineAggregate,
  defineCommand,
  defineEvent,
  type EventOf,
  field,
  Identifier,
  Instant,
  nothingToChange,
  reject,
  Text,
} from 'tidemark';

const contract = { owner: 'library', since: '2026-11-26', schemaVersion: 1 };
const memberId = field(Identifier, 'The member.');
const name = field(Text, 'The name on the card.');
const registeredAt = field(Instant, 'When they became a member; business time, UTC.');
const renamedAt = field(Instant, 'Since when the name holds; business time, UTC.');

export const MemberRegistered = defineEvent('MemberRegistered', {
  ...contract,
  meaning: 'Somebody became a member.',
  fields: { memberId, name, registeredAt },
});
export const MemberRenamed = defineEvent('MemberRenamed', {
  ...contract,
  meaning: 'The member has another name.',
  fields: { memberId, name, renamedAt },
});

const register = defineCommand('register', {
  meaning: 'Makes somebody a member.',
  fields: { name, registeredAt },
  example: { name: 'Ada Byron', registeredAt: '2026-01-01T12:00:00Z' },
});
const rename = defineCommand('rename', {
  meaning: 'Gives the member another name.',
  fields: { name, renamedAt },
  example: { name: 'Ada Lovelace', renamedAt: '2026-01-02T12:00:00Z' },
});

type MemberCommand = CommandOf<typeof register> | CommandOf<typeof rename>;
type MemberEvent = EventOf<typeof MemberRegistered> | EventOf<typeof MemberRenamed>;

interface Member {
  readonly name?: string;
}

const decide = (command: MemberCommand, member: Member): Decision<MemberEvent> => {
  const { id } = command;
  if (member.name === command.data.name) return nothingToChange;
  if (command.type === 'register') {
    return member.name === undefined
      ? accept(MemberRegistered.of({ memberId: id, ...command.data }))
      : reject('MemberAlreadyRegistered', `${id} is registered under another name: rename them.`);
  }
  return member.name === undefined
    ? reject('MemberNotRegistered', `No member has the id ${id}: register them first.`)
    : accept(MemberRenamed.of({ memberId: id, ...command.data }));
};

export const member = defineAggregate<MemberCommand, Member, MemberEvent>({
  category: 'member',
  path: 'members',
  meaning: 'Somebody who may borrow books.',
  topic: {
    name: 'members',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the member id',
      because: 'the newest name counts',
      concurrency: 'Four partitions let four consumers share the topic.',
      skew: 'None is expected: a member has few events.',
    },
  },
  events: [MemberRegistered, MemberRenamed],
  commands: [register, rename],
  decider: {
    decide,
    evolve: (_member, event) => ({ name: event.data.name }),
    initialState: {},
  },
});
