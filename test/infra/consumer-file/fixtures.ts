/** What the contract of a consumer's file writes into it. */
import type { Checkpoint, CheckpointMove } from '../../../infra/consumption/checkpoints/checkpoints';
import type { FailedEvent, FailureClass } from '../../../infra/consumption/intake/intake';
import type { GroupStatus } from '../../../infra/consumption/status/status';
import type { ConsumerFile } from '../../../infra/dead-letters/redrive/redrive';
import type { ProcessRows } from '../../../infra/reactors/processes/processes';

/** A file under test, empty. */
export interface ConsumerFileUnderTest {
  readonly file: ConsumerFile & { readonly processes: ProcessRows };
  /** What other processes read. */
  readonly statuses: () => ReadonlyArray<GroupStatus>;
  /** Another process takes the file over. */
  readonly takeOver: () => void;
  readonly close: () => void;
}

export const GROUP = 'group';
export const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
export const BY_ADA = { actor: 'ada', requestId: 7 };

export const checkpoint = (partition = 0, nextOffset = 0, highWaterPosition = 0): Checkpoint => ({
  topic: 'notes',
  partition,
  logId: 'log',
  nextOffset,
  highWaterPosition,
});

export const moved = (
  partition: number,
  fromOffset: number,
  nextOffset: number,
  highWater: number,
): CheckpointMove => ({
  ...checkpoint(partition, nextOffset, highWater),
  fromLogId: 'log',
  fromOffset,
});

export const HEADERS: ReadonlyArray<readonly [string, Buffer]> = [
  ['ce_id', Buffer.from('a@1')],
  ['twice', Buffer.from([0, 255, 254, 10, 13])],
  ['twice', Buffer.alloc(0)],
  ['__proto__', Buffer.from('no prototype')],
];
export const KEY = Buffer.from([0, 159, 146, 150]);
export const VALUE = Buffer.from([123, 0, 255, 128, 10]);

export const envelopeOf = (stream: string, version: number, position: number) => ({
  id: `${stream}@${version}`,
  stream,
  version,
  position,
  type: 'NoteTaken',
  schemaVersion: 1,
  recordedAt: '2026-01-01T00:00:00.000Z',
  correlationId: 'c',
  causationId: 'c',
  actor: 'ada',
});

export const originAt = (offset: number, logId = 'log'): FailedEvent['origin'] => ({
  topic: 'notes',
  partition: 0,
  offset,
  logId,
  timestampMs: 1_700_000_000_000,
  key: KEY,
  headers: HEADERS,
  value: () => VALUE,
});

export const failedEvent = (
  stream: string,
  position: number,
  failureClass: FailureClass = 'rejected',
): FailedEvent => ({
  consumer: GROUP,
  group: GROUP,
  envelope: envelopeOf(stream, 1, position),
  origin: originAt(position),
  failure: { class: failureClass, reason: 'the rule says no' },
  attempts: 2,
  rows: ['row'],
});

export const withoutEvent = (offset: number, failureClass: FailureClass): FailedEvent => ({
  ...failedEvent('note-x', offset, failureClass),
  envelope: undefined,
});

export class Broken extends Error {}

export const statusOf = (group: string): GroupStatus => ({
  group,
  state: 'running',
  reason: null,
  since: '2026-01-01T00:00:00.000Z',
  lag: 3,
  outcomes: {} as GroupStatus['outcomes'],
  partitions: [],
  updatedAt: '2026-01-01T00:00:00.000Z',
});

/** Runs work on an empty file, and closes it. */
export type InFile = (work: (under: ConsumerFileUnderTest) => void) => () => Promise<void>;
