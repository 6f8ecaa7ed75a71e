/**
 * Decides whether the installation is ready: a pure decision over what each stage of the flow reports, and when it last did. The
 * API can still respond while a stage is down; readiness says whether events flow.
 */
import type { GroupStatus } from '../../infra/consumption/status/status';
import type { RelayStatus } from '../../infra/relay/state/state';
import type { ReadinessReason } from '../http/dependencies';

/** The report of a stage. */
export interface StageReport {
  readonly stage: string;
  /** Whether this process runs it; then it must have reported. */
  readonly isOwn: boolean;
  /** Undefined if it has never reported. */
  readonly status: StageStatus | undefined;
  /** Its rows are being rebuilt; it need not report anything else meanwhile. */
  readonly isRebuilding?: boolean;
}

export interface StageStatus {
  readonly state: RelayStatus['state'] | GroupStatus['state'];
  readonly reason: string | null;
  /** ISO 8601; absent in files of older releases. */
  readonly since?: string;
  readonly updatedAt: string;
}

export interface StageAssessment {
  /** What makes the installation not ready. */
  readonly reasons: ReadonlyArray<ReadinessReason>;
  /** What an operator should know although events flow. */
  readonly notices: ReadonlyArray<ReadinessReason>;
}

/** How long a stage may be retrying before it counts as down: a broker's restart is not an outage. */
export const RETRYING_BOUND_MS = 30_000;
/** How long a stage may be starting. */
export const STARTING_BOUND_MS = 60_000;
/** Every stage reports every few seconds; one that has not for this long has died or hangs. */
export const SIGN_OF_LIFE_BOUND_MS = 60_000;

/** A busy machine delays a report; one that is so old is worth a look. */
const SILENT_MS = 11_000;

/** Returns the assessment. Reports from before `startedAtMs`, the start of this process, do not count as its own. */
export const assessStages = (
  stages: ReadonlyArray<StageReport>,
  nowMs: number,
  startedAtMs: number,
): StageAssessment => {
  const reasons: ReadinessReason[] = [];
  const notices: ReadinessReason[] = [];
  for (const stage of stages) {
    const failing = faultOf(stage, nowMs, startedAtMs);
    if (failing !== undefined) reasons.push(failing);
    else {
      const notice = noticeOf(stage, nowMs);
      if (notice !== undefined) notices.push(notice);
    }
  }
  return { reasons, notices };
};

/** What is said at once, long before it counts. */
const noticeOf = ({ stage, status, isRebuilding }: StageReport, nowMs: number): ReadinessReason | undefined => {
  if (status === undefined) return undefined;
  const { state, reason, updatedAt } = status;
  if (state === 'stopped') return { stage, state, reason: reason ?? 'it was stopped, and was not started again' };
  const isSilent = isRebuilding !== true && nowMs - Date.parse(updatedAt) > SILENT_MS;
  if (isSilent) return { stage, state: 'silent', reason: silence(status) };
  return reason === null ? undefined : { stage, state, reason };
};

const faultOf = (report: StageReport, nowMs: number, startedAtMs: number): ReadinessReason | undefined => {
  const { stage, isOwn, status, isRebuilding = false } = report;
  if (isRebuilding) return undefined;
  if (status === undefined || (isOwn && Date.parse(status.updatedAt) < startedAtMs)) {
    return isOwn ? { stage, state: 'unknown', reason: 'it has not reported since this process started' } : undefined;
  }
  const { state, updatedAt } = status;
  const why = nowMs - Date.parse(updatedAt) > SIGN_OF_LIFE_BOUND_MS ? silence(status) : standstill(status, nowMs);
  return why === undefined ? undefined : { stage, state, reason: why };
};

const silence = ({ updatedAt, reason }: StageStatus): string =>
  `no report since ${updatedAt}${reason === null ? '' : `; the last reason was: ${reason}`}`;

/** How long a state may last; the others may last forever. A stopped stage no longer reports. */
const STATE_BOUNDS_MS: Readonly<Partial<Record<StageStatus['state'], number>>> = {
  halted: -1,
  blocked: -1,
  retrying: RETRYING_BOUND_MS,
  starting: STARTING_BOUND_MS,
  'waiting-for-lease': STARTING_BOUND_MS,
};

const standstill = (
  { state, reason, updatedAt, since = updatedAt }: StageStatus,
  nowMs: number,
): string | undefined => {
  const boundMs = STATE_BOUNDS_MS[state] ?? Infinity;
  if (boundMs < 0) return reason ?? 'it gives no reason';
  if (nowMs - Date.parse(since) <= boundMs) return undefined;
  return `since ${since}${reason === null ? '' : `: ${reason}`}`;
};
