/** Somebody who may borrow books, under a name that changes now and then. */
import { aggregate } from '../../../domain/kernel/aggregate';
import { field } from '../../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../../domain/kernel/command-definition';
import { accept, nothingToChange, reject, type Decision } from '../../../domain/kernel/decider';
import { defineEvent, type EventOf } from '../../../domain/kernel/event-definition';
import { Identifier, Instant, Text } from '../../../domain/kernel/values';

const contract = { owner: 'library', since: '2026-11-26', schemaVersion: 1 };
const memberId = field(Identifier, 'The member.');
const name = field(Text, 'The name on the card.');
const registeredAt = field(Instant, 'When they became a member; business time, UTC.');
const renamedAt = field(Instant, 'Since when the name holds; business time, UTC.');
const leftAt = field(Instant, 'When they left; business time, UTC.');

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
export const MemberLeft = defineEvent('MemberLeft', {
  ...contract,
  meaning: 'The member left, and the name is to be forgotten.',
  fields: { memberId, leftAt },
});

const register = defineCommand('register', {
  meaning: 'Makes somebody a member.',
  fields: { name, registeredAt },
  example: { name: 'Ada Lovelace', registeredAt: '2026-01-01T12:00:00Z' },
});
const rename = defineCommand('rename', {
  meaning: 'Gives the member another name.',
  fields: { name, renamedAt },
  example: { name: 'Ada King', renamedAt: '2026-01-01T12:00:00Z' },
});
const leave = defineCommand('leave', {
  meaning: 'Ends the membership.',
  fields: { leftAt },
  example: { leftAt: '2026-01-01T12:00:00Z' },
});

type Command = CommandOf<typeof register> | CommandOf<typeof rename> | CommandOf<typeof leave>;
type Event = EventOf<typeof MemberRegistered> | EventOf<typeof MemberRenamed> | EventOf<typeof MemberLeft>;
interface Member {
  /** Null while they are not a member. */
  readonly name: string | null;
}

const decide = (command: Command, member: Member): Decision<Event> => {
  const { id } = command;
  if (command.type === 'register') {
    if (member.name === null) return accept(MemberRegistered.of({ memberId: id, ...command.data }));
    return member.name === command.data.name
      ? nothingToChange
      : reject('MemberAlreadyRegistered', `${id} is registered under another name: rename them.`);
  }
  if (command.type === 'leave')
    return member.name === null ? nothingToChange : accept(MemberLeft.of({ memberId: id, ...command.data }));
  if (member.name === null) return reject('MemberNotRegistered', `No member has the id ${id}: register them first.`);
  return member.name === command.data.name
    ? nothingToChange
    : accept(MemberRenamed.of({ memberId: id, ...command.data }));
};

export const memberAggregate = aggregate<Command, Member, Event>({
  category: 'member',
  path: 'members',
  meaning: 'Somebody who may borrow books.',
  topic: {
    name: 'members',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the member id',
      because: 'a name is given before it is changed',
      concurrency: 'Four partitions let four consumers share the topic.',
      skew: 'None is expected: names change rarely.',
    },
  },
  events: [MemberRegistered, MemberRenamed, MemberLeft],
  commands: [register, rename, leave],
  decider: {
    decide,
    evolve: (_state, event) => ({ name: event.type === 'MemberLeft' ? null : event.data.name }),
    initialState: { name: null },
  },
});
