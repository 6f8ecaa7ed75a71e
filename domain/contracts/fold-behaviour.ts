/**
 * What an aggregate's snapshots mean, as a digest over the states folded from sample events, their encoded form, and the
 * states decoded from it. Two programs with the same digest may use each other's snapshots; comments, names and the
 * place of the code do not affect it.
 */
import type { Aggregate, Fold, FoldSnapshot } from '../kernel/aggregate';
import type { Command } from '../kernel/command-definition';
import type { DomainEvent } from '../kernel/event-definition';
import { foldSamples } from './fold-samples';

export interface FoldBehaviour {
  /** The version that the aggregate declares. */
  readonly version: number;
  /** A digest of the samples; another contract has other samples. */
  readonly inputs: string;
  /** A digest of the states folded from them. */
  readonly behaviour: string;
}

const known = new WeakMap<FoldSnapshot, FoldBehaviour>();

/** Runs the fold over samples and remembers the result; undefined where the aggregate has no snapshots. Takes some milliseconds. */
export const foldBehaviourOf = (aggregate: Aggregate): FoldBehaviour | undefined => {
  const { snapshot } = aggregate;
  if (snapshot === undefined) return undefined;
  const before = known.get(snapshot);
  if (before !== undefined) return before;
  const { sequences, commands, inputs } = foldSamples(aggregate);
  const digest = textDigest();
  digest.add(encodeOrFail(snapshot, aggregate.emptyFold));
  for (const events of sequences) tryOut(snapshot, aggregate.emptyFold, events, commands, digest.add);
  const samples = textDigest();
  samples.add(inputs);
  const found = { version: snapshot.version, inputs: samples.end(), behaviour: digest.end() };
  known.set(snapshot, found);
  return found;
};

/** The fingerprint of an aggregate's snapshots: only a program with the same one may use them. Undefined where it has none. */
export const snapshotFingerprintOf = (aggregate: Aggregate): string | undefined => {
  const found = foldBehaviourOf(aggregate);
  return found === undefined ? undefined : `${found.version}/${found.behaviour}`;
};

/** Folds once straight through, and once with a round trip through a snapshot at every third event; adds both to the digest. */
const tryOut = (
  snapshot: FoldSnapshot,
  empty: Fold,
  events: ReadonlyArray<DomainEvent>,
  commands: ReadonlyArray<Command>,
  add: (text: string) => void,
): void => {
  try {
    let straight = empty;
    let restored = empty;
    for (const [index, event] of events.entries()) {
      straight = straight.apply(event);
      restored = restored.apply(event);
      if (index % 3 === 2) restored = keptAndRead(snapshot, restored);
      add(encodeOrFail(snapshot, straight));
    }
    restored = keptAndRead(snapshot, restored);
    add(encodeOrFail(snapshot, restored));
    // Decisions may change without making a snapshot wrong; they must only be the same with and without a snapshot.
    for (const command of commands) add(String(decideOrFail(straight, command) === decideOrFail(restored, command)));
  } catch {
    add('throws');
  }
};

const keptAndRead = (snapshot: FoldSnapshot, fold: Fold): Fold =>
  snapshot.decode(JSON.parse(JSON.stringify(snapshot.encode(fold))));

const encodeOrFail = (snapshot: FoldSnapshot, fold: Fold): string => {
  try {
    return JSON.stringify(snapshot.encode(fold));
  } catch {
    return 'cannot be kept';
  }
};

const decideOrFail = (fold: Fold, command: Command): string => {
  try {
    return JSON.stringify(fold.decide(command));
  } catch {
    return 'throws';
  }
};

interface TextDigest {
  readonly add: (text: string) => void;
  readonly end: () => string;
}

/** A hash of two 32-bit words over texts (mixed as in MurmurHash): it tells releases apart, but is not cryptographic. */
const textDigest = (): TextDigest => {
  let left = 0xdeadbeef;
  let right = 0x41c6ce57;
  const mix = (code: number): void => {
    left = Math.imul(left ^ code, 2_654_435_761);
    left = (left << 13) | (left >>> 19);
    right = Math.imul(right ^ code, 1_597_334_677);
    right = (right << 17) | (right >>> 15);
  };
  return {
    add: (text) => {
      for (let index = 0; index < text.length; index += 1) mix(text.charCodeAt(index));
      // Separates texts: no UTF-16 unit has this value.
      mix(0x10000);
    },
    end: () => [left, right].map((word) => (finish(word) >>> 0).toString(16).padStart(8, '0')).join(''),
  };
};

const finish = (word: number): number => {
  const first = Math.imul(word ^ (word >>> 16), 2_246_822_507);
  const second = Math.imul(first ^ (first >>> 13), 3_266_489_909);
  return second ^ (second >>> 16);
};
