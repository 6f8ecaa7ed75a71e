/** The status of the process managers, readable from any process: their groups, and suspended commands and deadlines. */
import type { Effect } from '../../domain/kernel/effect';
import { isoTime } from '../clock';
import type { GroupStatus } from '../consumption/status/status';
import { withUnresolvedReason } from '../dead-letters/query/query';
import { readReactorsFile } from '../sqlite/process-store/process-store';
import type { EffectMode, ReactorReader, RecordedEffectResult, SetAsideEntry, SetAsideFilter } from './processes/processes';

/** The statuses of the process managers' groups; empty where the role has never run. */
export const readReactorGroups = (file: string): ReadonlyArray<GroupStatus> =>
  readReactorsFile<ReadonlyArray<GroupStatus>>(file, [], (reader) =>
    reader.groups().map((status) => withUnresolvedReason(withMode(withSuspended(withRepeats(status, reader), reader), reader), reader)),
  );

/** Suspended commands and deadlines, the newest first; empty where the role has never run. */
export const readSetAsideIn = (file: string, filter: SetAsideFilter, limit: number): ReadonlyArray<SetAsideEntry> =>
  readReactorsFile<ReadonlyArray<SetAsideEntry>>(file, [], (reader) => reader.setAside(filter, limit));

/** An effect as operators see it. */
export interface EffectStatus {
  readonly effect: string;
  readonly meaning: string;
  readonly owner: string;
  readonly mode: EffectMode;
  /** Who set the mode, and when (ISO 8601, UTC); null where nobody has. */
  readonly modeSetBy: string | null;
  readonly modeSetAt: string | null;
  /** Events up to this position are never performed; null where the effect has never run. */
  readonly afterPosition: number | null;
  /** Nor are events recorded before this time; null where there is no such time. */
  readonly notBefore: string | null;
  /** Calls that are to be made, including those that wait to be tried again. */
  readonly pending: number;
  /** Calls that wait for an operator. */
  readonly suspended: number;
  readonly done: number;
  readonly rejected: number;
  readonly dryRun: number;
  /** Why calls fail for now, or why the first of them is suspended; null where none is. */
  readonly reason: string | null;
}

/** The status of every effect; readable from any process. */
export const readEffects = (file: string, effects: ReadonlyArray<Effect>): ReadonlyArray<EffectStatus> =>
  readReactorsFile(file, effects.map((effect) => effectStatus(effect)), (reader) =>
    effects.map((effect) => effectStatus(effect, reader)),
  );

const effectStatus = ({ name, meaning, owner }: Effect, reader?: ReactorReader): EffectStatus => {
  const stored = reader?.effect(name);
  const counts = reader?.pendingCounts(name);
  const repeated = reader?.repeatedCommands(name, 1);
  return {
    effect: name,
    meaning,
    owner,
    mode: stored?.mode ?? 'running',
    modeSetBy: stored?.modeActor ?? null,
    modeSetAt: stored?.modeAtMs == null ? null : isoTime(stored.modeAtMs),
    afterPosition: stored?.afterPosition ?? null,
    notBefore: stored?.notBefore ?? null,
    pending: counts?.waiting ?? 0,
    suspended: counts?.parked ?? 0,
    done: stored?.outcomes.done ?? 0,
    rejected: stored?.outcomes.rejected ?? 0,
    dryRun: stored?.outcomes['dry-run'] ?? 0,
    reason: counts?.firstParked?.reason ?? repeated?.reason ?? null,
  };
};

/** The recorded results of an effect's calls, newest first; none where the role has never run. */
export const readEffectResultsIn = (
  file: string,
  filter: { readonly effect: string; readonly key?: string },
  limit: number,
): ReadonlyArray<RecordedEffectResult> =>
  readReactorsFile<ReadonlyArray<RecordedEffectResult>>(file, [], (reader) => reader.effectResults(filter, limit));

/** Fewer failed attempts than these are not reported. */
const MIN_ATTEMPTS = 3;

/** A paused effect makes no calls, although its group continues reading. */
const withMode = (status: GroupStatus, reader: ReactorReader): GroupStatus => {
  const stored = reader.effect(status.group);
  if (stored === undefined || stored.mode === 'running' || status.reason !== null) return status;
  const who = stored.modeActor ?? 'an operator';
  return { ...status, reason: `${stored.mode} by ${who} (tidemark effects resume ${status.group})` };
};

/** A group whose commands cannot be sent makes no progress, although it continues reading. */
const withRepeats = (status: GroupStatus, reader: ReactorReader): GroupStatus => {
  if (status.state !== 'running') return status;
  const { repeats, reason } = reader.repeatedCommands(status.group, MIN_ATTEMPTS);
  if (repeats === 0) return status;
  return { ...status, state: 'retrying', reason: `${repeats} commands are sent again and again: ${reason ?? ''}` };
};

/** Suspended commands and deadlines need an operator, although the group continues reading. */
const withSuspended = (status: GroupStatus, reader: ReactorReader): GroupStatus => {
  const { parked, firstParked } = reader.pendingCounts(status.group);
  if (parked === 0 || status.reason !== null) return status;
  const reason =
    `${parked} commands or deadlines are suspended until a restart or a release (tidemark commands list); ` +
    `the first is ${firstParked?.id ?? '?'}: ${firstParked?.reason ?? ''}`;
  return { ...status, reason };
};
