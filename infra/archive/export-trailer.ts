/**
 * The last line of an export: the number of its events and a digest of their lines, so that a reader recognises a file that was
 * truncated, extended, reordered or joined with another. It is a CloudEvent like the other lines, with its own type.
 */
import { createHash, type Hash } from 'node:crypto';

/** The type of the trailer, which no event has. */
export const TRAILER_TYPE = 'tidemark.export.completed';

/** The content of the trailer. */
export interface ExportTrailer {
  readonly events: number;
  readonly lastPosition: number;
  /** SHA-256 of the lines before it, each followed by a line feed, in hex. */
  readonly sha256: string;
  /** The store that the events come from, where it has an id. */
  readonly storeId?: string;
}

/** An incremental digest of lines. */
export interface LineDigest {
  readonly add: (line: string) => void;
  /** The digest of the lines so far. */
  readonly value: () => string;
}

/** Makes a digest of no lines. */
export const lineDigest = (): LineDigest => {
  const hash: Hash = createHash('sha256');
  return { add: (line) => void hash.update(line).update('\n'), value: () => hash.copy().digest('hex') };
};

/** The trailer as a line, without its line feed. */
export const trailerLine = (trailer: ExportTrailer, time: string): string =>
  JSON.stringify({
    specversion: '1.0',
    id: `export-${trailer.sha256.slice(0, 32)}`,
    source: trailer.storeId === undefined ? '/tidemark/export' : `/tidemark/${trailer.storeId}/export`,
    type: TRAILER_TYPE,
    time,
    datacontenttype: 'application/json',
    data: trailer,
  });

/** Reads a trailer: undefined where the line is not one, an error message where it is invalid. */
export const readTrailer = (line: string): ExportTrailer | string | undefined => {
  // A cheap check first, as nearly every line is an event and would be parsed twice.
  if (!line.includes(TRAILER_TYPE)) return undefined;
  const parsed = parseObject(line);
  if (parsed?.['type'] !== TRAILER_TYPE) return undefined;
  const data = parsed['data'];
  const fields = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
  const { events, lastPosition, sha256, storeId } = fields;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isCount(events) || !isCount(lastPosition) || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    return 'the line that ends the export has no count, last position or digest';
  return { events, lastPosition, sha256, ...(typeof storeId === 'string' ? { storeId } : {}) };
};

const parseObject = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
};
