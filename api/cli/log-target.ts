/**
 * Where log lines go. A target that can't be written (a full disk, a closed pipe, a reader that stands still) neither holds the
 * program up nor ends it: the lines are dropped and counted, and the loss is told as soon as the target takes lines again.
 */
import { fstatSync, writeSync } from 'node:fs';
import type { Clock } from '../../infra/clock';

/** Takes one line, with its line break. Never throws, never waits. */
export interface LogTarget {
  readonly write: (line: string) => void;
  /** Lines that were dropped so far. */
  readonly dropped: () => number;
}

/** Makes the line that tells the loss. */
export type LossLine = (lines: number, reason: string) => string;

/** How a target may be written; each throws, or returns a reason for not taking the line. */
type Sink = (line: string) => string | undefined;

/** What may wait in memory for a slow reader. */
const MAX_BUFFERED_BYTES = 1_048_576;

/** Writes to standard output, whatever that is. */
export const standardOutput = (lossLine: LossLine): LogTarget => {
  const { fd, isTTY } = process.stdout;
  return logTarget(isTTY || isPipe(fd) ? streamSink(process.stdout) : fileSink(fd), lossLine);
};

const LAST_LINES_MS = 500;

/** Gives the last lines a moment; returns whether all of them are out. */
export const lastLinesWritten = async (clock: Clock): Promise<boolean> => {
  const untilMs = clock.monotonicMs() + LAST_LINES_MS;
  while (process.stdout.writableLength > 0 && clock.monotonicMs() < untilMs) await clock.sleep(10);
  return process.stdout.writableLength === 0;
};

/** Counts what the sink does not take, and tells it before the next line that it takes. */
export const logTarget = (sink: Sink, lossLine: LossLine): LogTarget => {
  let dropped = 0;
  let untold = 0;
  let reason = '';
  const take = (line: string): boolean => {
    try {
      const refusal = sink(line);
      if (refusal === undefined) return true;
      reason = refusal;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    return false;
  };
  return {
    write: (line) => {
      if (untold > 0 && take(lossLine(untold, reason))) untold = 0;
      if (untold === 0 && take(line)) return;
      dropped += 1;
      untold += 1;
    },
    dropped: () => dropped,
  };
};

const isPipe = (fd: number): boolean => {
  try {
    const stats = fstatSync(fd);
    return stats.isFIFO() || stats.isSocket();
  } catch {
    // Closed before the start: the write says so.
    return false;
  }
};

/** A file or a device takes a line at once, or says why not. */
export const fileSink = (fd: number): Sink => {
  let isTorn = false;
  return (line) => {
    const bytes = Buffer.from(isTorn ? `\n${line}` : line);
    const written = writeSync(fd, bytes);
    // A disk that fills in the middle of a line takes a part of it: the next one begins on a line of its own.
    isTorn = written < bytes.length;
    return isTorn ? 'no space left for the whole line' : undefined;
  };
};

/** A pipe is written in the background: its reader may stand still, or have gone. */
export const streamSink = (stream: NodeJS.WriteStream | NodeJS.WritableStream): Sink => {
  let fault: string | undefined;
  stream.on('error', (error: Error) => (fault = error.message));
  return (line) => {
    const { writableLength = 0, destroyed = false } = stream as Partial<NodeJS.WriteStream>;
    if (fault !== undefined || destroyed) return fault ?? 'the pipe is closed';
    if (writableLength + line.length > MAX_BUFFERED_BYTES) return 'the reader stands still';
    stream.write(line);
    return undefined;
  };
};
