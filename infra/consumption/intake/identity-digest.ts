/**
 * A digest of a set of events: their number, and a sum over hashes of their identities. A sum does not depend on order, so it can
 * be built batch by batch and partition by partition, and compared with the same sum over the store. It detects events that are
 * lost, duplicated, invented or misplaced; it is not a cryptographic hash, so it does not resist deliberate collisions.
 */
import type { EventEnvelope } from '../../../domain/kernel/recorded-event';
import type { TopicPartition } from '../../topic-partition';

/** The count, and two sums of 32 bits each. */
export interface IdentityDigest {
  events: number;
  high: number;
  low: number;
}

/** What is hashed of an event: the id alone is the same for another store's event of the same stream and version. */
export type Identity = Pick<EventEnvelope, 'id' | 'position' | 'recordedAt'>;

export const emptyDigest = (): IdentityDigest => ({ events: 0, high: 0, low: 0 });

/** Adds one event. */
export const addIdentity = (digest: IdentityDigest, { id, position, recordedAt }: Identity): void => {
  // A position is a safe integer: its upper bits count too.
  const upper = Math.floor(position / 2 ** 32);
  let high = 0x9e3779b1 ^ position;
  let low = 0x41c6ce57 ^ upper;
  for (let index = 0; index < id.length; index += 1) {
    const code = id.charCodeAt(index);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  for (let index = 0; index < recordedAt.length; index += 1) {
    const code = recordedAt.charCodeAt(index);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  digest.events += 1;
  digest.high = (digest.high + mixed(high ^ (low >>> 15), low)) >>> 0;
  digest.low = (digest.low + mixed(low ^ (high >>> 13), high)) >>> 0;
};

/** Spreads every bit over the whole word, so that sums of similar identities have nothing in common. */
const mixed = (word: number, other: number): number => {
  let bits = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13) ^ other, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
};

/** Adds what another digest holds. */
export const addDigest = (digest: IdentityDigest, { events, high, low }: Readonly<IdentityDigest>): void => {
  digest.events += events;
  digest.high = (digest.high + high) >>> 0;
  digest.low = (digest.low + low) >>> 0;
};

export const sameDigest = (left: Readonly<IdentityDigest>, right: Readonly<IdentityDigest>): boolean =>
  left.events === right.events && left.high === right.high && left.low === right.low;

/** The sums as 16 hexadecimal digits. */
export const digestText = ({ high, low }: Readonly<IdentityDigest>): string =>
  [high, low].map((word) => word.toString(16).padStart(8, '0')).join('');

/** Records which events a consumer receives, whatever their outcome. Calls belong inside its transaction. */
export interface ReceivedEvents {
  /** A batch begins or restarts: what was noted and not saved is discarded. */
  readonly begin: () => void;
  readonly note: (place: TopicPartition, event: Identity) => void;
  readonly save: () => void;
}
