/**
 * Where the logger's lines go. A target that can't be written (a full disk, a closed pipe, a reader that has stopped reading)
 * neither blocks nor ends the program: lines are dropped and counted, and the loss is reported once the target accepts lines again.
 */
import { fstatSync, writeSync } from 'node:fs';
import type { Clock } from '../../infra/clock';

/** Accepts lines that end with their line break. Never throws, never waits. */
export interface LogTarget {
  readonly write: (line: string) => void;
  /** Lines that were dropped so far. */
  readonly dropped: () => number;
}

/** Formats the line that reports the loss. */
export type LossLine = (lines: number, reason: string) => string;

/** Writes one line; throws, or returns a reason for not accepting it. */
type Sink = (line: string) => string | undefined;

/** Upper limit on what is buffered for a slow reader. */
const MAX_BUFFERED_BYTES = 1_048_576;

/** Writes to standard output: a file, a terminal or a pipe. */
export const standardOutput = (lossLine: LossLine): LogTarget => {
  const { fd, isTTY } = process.stdout;
  return logTarget(isTTY || isPipe(fd) ? streamSink(process.stdout) : fileSink(fd), lossLine);
};

const LAST_LINES_MS = 500;

/** Waits briefly for the last lines; returns whether all of them were written. */
export const lastLinesWritten = async (clock: Clock): Promise<boolean> => {
  const untilMs = clock.monotonicMs() + LAST_LINES_MS;
  while (process.stdout.writableLength > 0 && clock.monotonicMs() < untilMs) await clock.sleep(10);
  return process.stdout.writableLength === 0;
};

/** Counts the lines that the sink does not accept, and reports them before the next line that it does accept. */
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
    // As bigints: the other form leaves a pipe's type in an array that Node shares with realpathSync, which then returns the
    // next path with its links unresolved. An application below linked packages (pnpm) would load the engine twice.
    const stats = fstatSync(fd, { bigint: true });
    return stats.isFIFO() || stats.isSocket();
  } catch {
    // Closed before the start: the first write reports it.
    return false;
  }
};

/** A file or a device accepts a line at once, or says why not. */
export const fileSink = (fd: number): Sink => {
  let isTorn = false;
  return (line) => {
    const bytes = Buffer.from(isTorn ? `\n${line}` : line);
    const written = writeSync(fd, bytes);
    // A disk that fills up in the middle of a line keeps a part of it; the next line then starts with a line break.
    isTorn = written < bytes.length;
    return isTorn ? 'no space left for the whole line' : undefined;
  };
};

/** A pipe is written in the background: its reader may have stopped reading, or ended. */
export const streamSink = (stream: NodeJS.WriteStream | NodeJS.WritableStream): Sink => {
  let fault: string | undefined;
  stream.on('error', (error: Error) => (fault = error.message));
  return (line) => {
    const { writableLength = 0, destroyed = false } = stream as Partial<NodeJS.WriteStream>;
    if (fault !== undefined || destroyed) return fault ?? 'the pipe is closed';
    if (writableLength + line.length > MAX_BUFFERED_BYTES) return 'the reader has stopped reading';
    stream.write(line);
    return undefined;
  };
};
