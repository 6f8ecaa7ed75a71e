/** A parcel in a locker: an aggregate as a user of the package writes it. */
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
  optionalField,
  reject,
  t,
} from 'tidemark';

const parcelId = field(Identifier, 'The parcel.');
const locker = field(Identifier, 'The locker.');
const isFragile = optionalField(t.boolean, 'Whether it breaks easily.');
const storedAt = field(Instant, 'When it was put in; business time, UTC.');
const takenAt = field(Instant, 'When it was taken out; business time, UTC.');
const contract = { owner: 'lockers', since: '2026-11-26', schemaVersion: 1 };

export const ParcelDeposited = defineEvent('ParcelDeposited', {
  ...contract,
  meaning: 'A parcel was put into a locker.',
  fields: { parcelId, locker, isFragile, storedAt },
});
export const ParcelTaken = defineEvent('ParcelTaken', {
  ...contract,
  meaning: 'A parcel was taken out.',
  fields: { parcelId, locker, takenAt },
});

const store = defineCommand('store', {
  meaning: 'Puts it in.',
  fields: { locker, isFragile, storedAt },
  example: { locker: 'k1', isFragile: true, storedAt: '2026-01-01T12:00:00Z' },
});
const take = defineCommand('take', {
  meaning: 'Takes it out.',
  fields: { takenAt },
  example: { takenAt: '2026-01-02T12:00:00Z' },
});

type ParcelCommand = CommandOf<typeof store> | CommandOf<typeof take>;
type ParcelEvent = EventOf<typeof ParcelDeposited> | EventOf<typeof ParcelTaken>;
interface Parcel {
  readonly locker?: string;
  readonly isTaken?: boolean;
}

const decide = (command: ParcelCommand, parcel: Parcel): Decision<ParcelEvent> => {
  if (command.type === 'store') {
    if (parcel.locker === command.data.locker) return nothingToChange;
    if (parcel.locker !== undefined)
      return reject('ParcelAlreadyDeposited', `Parcel ${command.id} is in ${parcel.locker}.`);
    return accept(ParcelDeposited.of({ parcelId: command.id, ...command.data }));
  }
  if (parcel.locker === undefined) return reject('ParcelNotDeposited', `Parcel ${command.id} is in no locker.`);
  if (parcel.isTaken === true) return nothingToChange;
  return accept(ParcelTaken.of({ parcelId: command.id, locker: parcel.locker, ...command.data }));
};

export const parcel = defineAggregate<ParcelCommand, Parcel, ParcelEvent>({
  category: 'parcel',
  path: 'parcels',
  meaning: 'A parcel in a locker.',
  topic: {
    name: 'parcels',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the parcel id',
      because: 'a parcel is put in before it is taken out',
      concurrency: 'Four partitions let four consumers share the topic.',
      skew: 'None is expected: a parcel has two events.',
    },
  },
  events: [ParcelDeposited, ParcelTaken],
  commands: [store, take],
  decider: {
    decide,
    evolve: (state, event) =>
      event.type === 'ParcelDeposited' ? { ...state, locker: event.data.locker } : { ...state, isTaken: true },
    initialState: {},
  },
});
