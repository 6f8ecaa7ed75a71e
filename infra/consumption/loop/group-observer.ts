/** The port of a consumer group to metrics. */
import { EngineFault } from '../../engine-fault';

/** The cause of a retry: Kafka, a file of the engine or its disk, something that one event needs, or anything else. */
export type RetryClass = 'broker' | 'store' | 'event' | 'other';

export interface GroupObserver {
  /** A batch was applied. */
  readonly applied: (group: string, durationSeconds: number) => void;
  /** An attempt has failed and is retried. */
  readonly retried: (group: string, failed: RetryClass) => void;
  /** Offsets could not be committed to Kafka. */
  readonly commitFailed: (group: string) => void;
}

const BROKER_ERRORS: ReadonlySet<string> = new Set(['KafkaError', 'LogStalled', 'OffsetOutOfRange', 'TopicMissing']);

/** Classifies by name, as errors from the views' thread arrive without their class. */
export const retryClassOf = (error: unknown): RetryClass => {
  if (!(error instanceof Error)) return 'other';
  if (error.name === 'TransientEventError') return 'event';
  if (BROKER_ERRORS.has(error.name)) return 'broker';
  const code = 'code' in error ? String(error.code) : '';
  return error instanceof EngineFault || /^(SQLITE_|E[A-Z]+$)/.test(code) ? 'store' : 'other';
};
