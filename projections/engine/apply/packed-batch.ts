/**
 * A batch of records in a form that can be transferred to another thread without copying: all keys and values in one
 * buffer, the numbers in typed arrays. The receiver reads it one record at a time.
 */
import { repeatable, type RecordBatch } from '../../../infra/consumption/intake/intake';
import type { LogRecord, RecordHeaders } from '../../../infra/kafka/event-log';
import { STRUCTURED_HEADERS } from '../../../infra/kafka/record-headers';
import { isSamePartition, partitionName } from '../../../infra/topic-partition';

/** A move of a partition's checkpoint without its high-water position, which follows from the records. */
export type OpenMove = RecordBatch['moves'][number];

/** Plain data, so that it can be posted. */
export interface PackedBatch {
  /** One for each partition that has records in the batch. */
  readonly moves: ReadonlyArray<OpenMove>;
  /** For each record: the index of its partition's move, the length of its value and of its key; -1 for null. */
  readonly layout: Int32Array<ArrayBuffer>;
  /** For each record: its offset and its timestamp. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** Value and key of each record, concatenated. */
  readonly bytes: ArrayBuffer;
  /** By record index: headers that differ from those of the structured mode. */
  readonly headers: ReadonlyMap<number, PostedHeaders>;
}

/** Buffers arrive in the other thread as plain byte arrays. */
type PostedHeaders = ReadonlyArray<readonly [name: string, value: Uint8Array]>;

const FIELDS = 3;

/** Packs a batch. Throws where a record's partition has no move. */
export const packBatch = ({ records, moves }: RecordBatch): PackedBatch => {
  const layout = new Int32Array(records.length * FIELDS);
  const numbers = new Float64Array(records.length * 2);
  const headers = new Map<number, PostedHeaders>();
  const bytes = new ArrayBuffer(
    records.reduce((sum, { value, key }) => sum + (value?.length ?? 0) + (key?.length ?? 0), 0),
  );
  const target = Buffer.from(bytes);
  const moveOf = moveFinder(moves);
  let at = 0;
  records.forEach((record, index) => {
    const { value, key } = record;
    // Element by element: allocating a list for each record would be half of the work.
    layout[index * FIELDS] = moveOf(record);
    layout[index * FIELDS + 1] = value?.length ?? -1;
    layout[index * FIELDS + 2] = key?.length ?? -1;
    numbers[index * 2] = record.offset;
    numbers[index * 2 + 1] = record.timestampMs;
    if (value !== null) at += value.copy(target, at);
    if (key !== null) at += key.copy(target, at);
    if (record.headers !== STRUCTURED_HEADERS) headers.set(index, record.headers);
  });
  return { moves, layout, numbers, bytes, headers };
};

/** The buffers to transfer instead of copying. */
export const transferable = ({ layout, numbers, bytes }: PackedBatch): ReadonlyArray<ArrayBuffer> => [
  layout.buffer,
  numbers.buffer,
  bytes,
];

/** The records in order; can be iterated repeatedly. Keys and values are views on the buffer, not copies. */
export const recordsIn = (batch: PackedBatch): Iterable<LogRecord> =>
  repeatable(function* () {
    const { layout } = batch;
    let at = 0;
    for (let index = 0; index < layout.length / FIELDS; index += 1) {
      const valueLength = layout[index * FIELDS + 1] ?? -1;
      const keyLength = layout[index * FIELDS + 2] ?? -1;
      yield new PackedRecord(batch, index, at, valueLength, keyLength);
      at += Math.max(0, valueLength) + Math.max(0, keyLength);
    }
  });

/** A record in a batch. Creating a buffer view is the most expensive part, so it is created only on access. */
class PackedRecord implements LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;

  constructor(
    private readonly batch: PackedBatch,
    private readonly index: number,
    private readonly at: number,
    private readonly valueLength: number,
    private readonly keyLength: number,
  ) {
    const move = batch.moves[batch.layout[index * FIELDS] ?? 0];
    this.topic = move?.topic ?? '';
    this.partition = move?.partition ?? 0;
    this.offset = batch.numbers[index * 2] ?? 0;
    this.timestampMs = batch.numbers[index * 2 + 1] ?? 0;
  }

  get value(): Buffer | null {
    return this.valueLength < 0 ? null : Buffer.from(this.batch.bytes, this.at, this.valueLength);
  }

  get key(): Buffer | null {
    if (this.keyLength < 0) return null;
    return Buffer.from(this.batch.bytes, this.at + Math.max(0, this.valueLength), this.keyLength);
  }

  get headers(): RecordHeaders {
    const others = this.batch.headers.get(this.index);
    return others === undefined ? STRUCTURED_HEADERS : buffersOf(others);
  }
}

const buffersOf = (headers: PostedHeaders): RecordHeaders =>
  headers.map(([name, value]) => [name, Buffer.from(value.buffer, value.byteOffset, value.byteLength)]);

/** Records of one partition come in runs, so the last move found is usually the next one too. */
const moveFinder = (moves: ReadonlyArray<OpenMove>): ((record: LogRecord) => number) => {
  let last = 0;
  const isOf = (move: OpenMove | undefined, record: LogRecord): boolean =>
    move !== undefined && isSamePartition(move, record);
  return (record) => {
    if (!isOf(moves[last], record)) last = moves.findIndex((move) => isOf(move, record));
    if (last >= 0) return last;
    last = 0;
    throw new Error(`a record of ${partitionName(record)} has no move of its checkpoint in the batch`);
  };
};
