/** A preview of what a redrive would process. */
import { isoTime } from '../../clock';

export interface RedrivePreview {
  /** Streams to redrive, with one dead letter each. */
  readonly keys: number;
  /** All their events: the dead letters and the events parked behind them. */
  readonly events: number;
  readonly classes: Readonly<Record<string, number>>;
  readonly fingerprints: Readonly<Record<string, number>>;
  /** `<type>/<schema version>` of the dead letters to their number. */
  readonly schemaVersions: Readonly<Record<string, number>>;
  /** When the oldest of them failed first; null where there is none. */
  readonly oldest: string | null;
  /** Records that are not events of this store: they can only be discarded. */
  readonly notRedrivable: number;
}

interface Previewed {
  readonly class: string;
  readonly fingerprint: string;
  readonly type: string | null;
  readonly schemaVersion: number | null;
  readonly parked: number;
  readonly firstFailedAtMs: number;
}

/** Summarises the selected dead letters. */
export const previewOf = (letters: ReadonlyArray<Previewed>, notRedrivable: number): RedrivePreview => ({
  keys: letters.length,
  events: letters.reduce((sum, { parked }) => sum + 1 + parked, 0),
  classes: tally(letters.map((each) => each.class)),
  fingerprints: tally(letters.map((each) => each.fingerprint)),
  schemaVersions: tally(letters.map(({ type, schemaVersion }) => `${type ?? '?'}/${schemaVersion ?? '?'}`)),
  oldest:
    letters.length === 0
      ? null
      : isoTime(letters.reduce((least, { firstFailedAtMs }) => Math.min(least, firstFailedAtMs), Infinity)),
  notRedrivable,
});

const tally = (names: ReadonlyArray<string>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};
