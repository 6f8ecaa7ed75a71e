/**
 * What an aggregate's snapshots mean, as a digest: of what its fold makes of sample events, how that is kept, and what comes
 * of it when it is read again. Two programs with the same digest may use each other's snapshots; a comment, a name or where
 * the code stands changes nothing.
 */
import type { Aggregate, Fold, FoldSnapshot } from '../../domain/kernel/aggregate';
import type { Command } from '../../domain/kernel/command-definition';
import type { DomainEvent } from '../../domain/kernel/event-definition';
import { foldSamples } from './fold-samples';

export interface FoldBehaviour {
  /** The version that the aggregate declares. */
  readonly version: number;
  /** Of the samples: another contract has others. */
  readonly inputs: string;
  /** Of what the fold makes of them. */
  readonly behaviour: string;
}

const known = new WeakMap<FoldSnapshot, FoldBehaviour>();

/** Tries the fold out, once; undefined where the aggregate keeps no snapshots. Some milliseconds. */
export const foldBehaviourOf = (aggregate: Aggregate): FoldBehaviour | undefined => {
  const { snapshot } = aggregate;
  if (snapshot === undefined) return undefined;
  const before = known.get(snapshot);
  if (before !== undefined) return before;
  const { sequences, commands, inputs } = foldSamples(aggregate);
  const digest = textDigest();
  digest.add(kept(snapshot, aggregate.emptyFold));
  for (const events of sequences) tryOut(snapshot, aggregate.emptyFold, events, commands, digest.add);
  const samples = textDigest();
  samples.add(inputs);
  const found = { version: snapshot.version, inputs: samples.end(), behaviour: digest.end() };
  known.set(snapshot, found);
  return found;
};

/** By what a snapshot is marked; of use only to who has the same. Undefined where the aggregate keeps none. */
export const snapshotMarkOf = (aggregate: Aggregate): string | undefined => {
  const found = foldBehaviourOf(aggregate);
  return found === undefined ? undefined : `${found.version}/${found.behaviour}`;
};

/** One fold goes straight on, and another one is kept and read again at every third event: both are told. */
const tryOut = (
  snapshot: FoldSnapshot,
  empty: Fold,
  events: ReadonlyArray<DomainEvent>,
  commands: ReadonlyArray<Command>,
  tell: (text: string) => void,
): void => {
  try {
    let straight = empty;
    let revived = empty;
    for (const [index, event] of events.entries()) {
      straight = straight.apply(event);
      revived = revived.apply(event);
      if (index % 3 === 2) revived = snapshot.decode(snapshot.encode(revived));
      tell(kept(snapshot, straight));
    }
    revived = snapshot.decode(snapshot.encode(revived));
    tell(kept(snapshot, revived));
    // Not what is decided, which may change without a snapshot being wrong; but whether it is the same from a snapshot.
    for (const command of commands) tell(String(decided(straight, command) === decided(revived, command)));
  } catch {
    tell('throws');
  }
};

const kept = (snapshot: FoldSnapshot, fold: Fold): string => {
  try {
    return snapshot.encode(fold);
  } catch {
    return 'cannot be kept';
  }
};

const decided = (fold: Fold, command: Command): string => {
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

/** Two lanes of 32 bits over texts (as MurmurHash mixes them): enough to tell releases apart, and no defence against malice. */
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
      // Where one text ends: no UTF-16 unit is so high.
      mix(0x10000);
    },
    end: () => [left, right].map((lane) => (finish(lane) >>> 0).toString(16).padStart(8, '0')).join(''),
  };
};

const finish = (lane: number): number => {
  const first = Math.imul(lane ^ (lane >>> 16), 2_246_822_507);
  const second = Math.imul(first ^ (first >>> 13), 3_266_489_909);
  return second ^ (second >>> 16);
};
