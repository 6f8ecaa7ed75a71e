/** Partitions of which a batch was refused: their records go one by one until the one that was meant is known. */
import type { RelayPlace } from './state/state';

export interface RecordSuspects {
  readonly suspect: (place: RelayPlace, untilPosition: number) => void;
  readonly isSuspect: (place: RelayPlace, position: number) => boolean;
  readonly clear: (place: RelayPlace) => void;
  /** Everything up to this position has gone through, or is known to be refused. */
  readonly passed: (position: number) => void;
  readonly isAny: () => boolean;
}

/** Suspects nothing. */
export const recordSuspects = (): RecordSuspects => {
  const until = new Map<string, number>();
  const keyOf = ({ topic, partition }: RelayPlace): string => `${topic}/${partition}`;
  return {
    suspect: (place, untilPosition) => void until.set(keyOf(place), untilPosition),
    isSuspect: (place, position) => until.size > 0 && position <= (until.get(keyOf(place)) ?? 0),
    clear: (place) => void until.delete(keyOf(place)),
    passed: (position) => {
      for (const [place, last] of until) if (last <= position) until.delete(place);
    },
    isAny: () => until.size > 0,
  };
};
