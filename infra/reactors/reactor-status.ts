/** The status of the process managers, readable from any process: their groups, and suspended commands and deadlines. */
import type { Effect } from '../../domain/kernel/effect';
import { isoTime } from '../clock';
import type { GroupStatus } from '../consumption/status/status';
import { withUnresolvedReason } from '../dead-letters/query/query';
import { readReactorsFile } from '../sqlite/process-store/process-store';
import type {
  EffectStatus,
  ReactorReader,
  RecordedEffectResult,
  SetAsideEntry,
  SetAsideFilter,
  StoredEffect,
} from './processes/processes';

/** The statuses of the process managers' groups; empty where the role has never run. */
export const readReactorGroups = (file: string): ReadonlyArray<GroupStatus> =>
  readReactorsFile<ReadonlyArray<GroupStatus>>(file, [], (reader) =>
    reader
      .groups()
      .map((status) =>
        withUnresolvedReason(withMode(withSuspended(withRepeats(status, reader), reader), reader), reader),
      ),
  );

/** Suspended commands and deadlines, the newest first; empty where the role has never run. */
export const readSetAsideIn = (file: string, filter: SetAsideFilter, limit: number): ReadonlyArray<SetAsideEntry> =>
  readReactorsFile<ReadonlyArray<SetAsideEntry>>(file, [], (reader) => reader.setAside(filter, limit));

/** The status of every effect; readable from any process. */
export const readEffects = (file: string, effects: ReadonlyArray<Effect>): ReadonlyArray<EffectStatus> =>
  readReactorsFile(
    file,
    effects.map((effect) => effectStatus(effect)),
    (reader) => effects.map((effect) => effectStatus(effect, reader)),
  );

const effectStatus = ({ name, meaning, owner }: Effect, reader?: ReactorReader): EffectStatus => ({
  effect: name,
  meaning,
  owner,
  ...storedStatus(reader?.effect(name)),
  ...pendingStatus(name, reader),
});

const NEVER_RUN: StoredEffect = {
  mode: 'running',
  modeActor: null,
  modeAtMs: null,
  afterPosition: 0,
  notBefore: null,
  outcomes: { done: 0, rejected: 0, 'dry-run': 0 },
};

const storedStatus = (stored: StoredEffect | undefined) => {
  const { mode, modeActor, modeAtMs, afterPosition, notBefore, outcomes } = stored ?? NEVER_RUN;
  return {
    mode,
    modeSetBy: modeActor,
    modeSetAt: modeAtMs === null ? null : isoTime(modeAtMs),
    afterPosition: stored === undefined ? null : afterPosition,
    notBefore,
    done: outcomes.done,
    rejected: outcomes.rejected,
    dryRun: outcomes['dry-run'],
  };
};

const pendingStatus = (name: string, reader: ReactorReader | undefined) => {
  if (reader === undefined) return { pending: 0, suspended: 0, reason: null };
  const { waiting, parked, firstParked } = reader.pendingCounts(name);
  const { reason } = reader.repeatedCommands(name, 1);
  return { pending: waiting, suspended: parked, reason: firstParked?.reason ?? reason ?? null };
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
  // Another system that is away is not a fault of this one: the group continues, with a reason.
  if (reader.effect(status.group) !== undefined) {
    return { ...status, reason: `${repeats} calls are made again and again: ${reason ?? ''}` };
  }
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
