/** The files of an installation: write-ahead logs and leases. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Clock } from '../clock';
import { readLeaseStatus } from '../sqlite/lease-status';
import { sample, type Metrics, type Sample } from './registry';

/** Shows the files; one that is not there shows nothing. */
export const showFiles = (metrics: Metrics, files: ReadonlyArray<string>, clock: Clock): void => {
  for (const path of files) {
    const file = basename(path, '.sqlite');
    metrics.collect(`file ${file}`, () => samplesOf(path, file, clock.nowMs()));
  }
};

const samplesOf = (path: string, file: string, nowMs: number): ReadonlyArray<Sample> => {
  const lease = readLeaseStatus(path, nowMs);
  if (lease === undefined) return [];
  return [
    sample('tidemark_wal_bytes', { file }, sizeOf(`${path}-wal`)),
    sample('tidemark_lease_held', { file }, lease.isHeld ? 1 : 0),
    sample('tidemark_lease_own', { file }, lease.isOwn ? 1 : 0),
    sample('tidemark_lease_takeovers_total', { file }, lease.epoch),
  ];
};

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
