/** Who is told what a consumer group does, so that it can be counted. */
import { EngineFault } from '../../engine-fault';

/** What failed: Kafka, a file of the engine or its disk, what one event needs, or something else. */
export type RetryClass = 'broker' | 'store' | 'event' | 'other';

export interface GroupObserver {
  /** A batch was applied, in so many seconds. */
  readonly applied: (group: string, durationSeconds: number) => void;
  /** An attempt failed and is repeated. */
  readonly retried: (group: string, failed: RetryClass) => void;
  /** Offsets could not be committed to Kafka. */
  readonly commitFailed: (group: string) => void;
}

const BROKER_ERRORS: ReadonlySet<string> = new Set(['KafkaError', 'LogStalled', 'OffsetOutOfRange', 'TopicMissing']);

/** By name: errors that come from the thread of the views have no class any more. */
export const retryClassOf = (error: unknown): RetryClass => {
  if (!(error instanceof Error)) return 'other';
  if (error.name === 'TransientEventError') return 'event';
  if (BROKER_ERRORS.has(error.name)) return 'broker';
  const code = 'code' in error ? String(error.code) : '';
  return error instanceof EngineFault || /^(SQLITE_|E[A-Z]+$)/.test(code) ? 'store' : 'other';
};
