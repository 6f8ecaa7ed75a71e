/** Counts what the consumer groups of this process do. */
import type { GroupObserver } from '../consumption/status/status';
import type { Metrics } from './registry';

/** An observer for every group of the process. */
export const groupMetrics = (metrics: Metrics): GroupObserver => ({
  applied: (group, durationSeconds) => metrics.observe('tidemark_processing_seconds', { group }, durationSeconds),
  retried: (group, failed) => metrics.add('tidemark_retries_total', { group, class: failed }),
  commitFailed: (group) => metrics.add('tidemark_offset_commit_failures_total', { group }),
});
