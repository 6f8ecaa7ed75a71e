/** A preview of what a redrive would process. */
import * as t from 'io-ts';
import { orNull } from '../../../domain/kernel/codec';
import { isoTime } from '../../clock';

const Counts = t.record(t.string, t.number);

/** Stored format, version with care. */
export const RedrivePreview = t.readonly(
  t.strict({
    /** Streams to redrive, with one dead letter each. */
    keys: t.number,
    /** All their events: the dead letters and the events parked behind them. */
    events: t.number,
    classes: Counts,
    fingerprints: Counts,
    /** `<type>/<schema version>` of the dead letters to their number. */
    schemaVersions: Counts,
    /** When the oldest of them failed first: ISO 8601, UTC; null where there is none. */
    oldest: orNull(t.string),
    /** Records that are not events of this store: they can only be discarded. */
    notRedrivable: t.number,
  }),
);

export type RedrivePreview = t.TypeOf<typeof RedrivePreview>;

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
