/** The two output formats of the logger: text lines for a terminal, and JSON lines. */
import pino from 'pino';
import type { Clock } from '../../infra/clock';
import { isoTime } from '../../infra/clock';
import { LOG_LEVELS, type Logger, type LogLevel } from '../../infra/logger';
import { standardOutput, type LogTarget } from './log-target';

type Fields = Readonly<Record<string, unknown>>;

export interface LoggerOptions {
  /** The least important level that is written. */
  readonly level?: LogLevel;
  /** Fields of every line. */
  readonly base?: Fields;
}

/**
 * Writes JSON lines to standard output, or to the given target.
 *
 * @example
 * ```ts
 * await startProgram(application, configuration, { logger: jsonLogger() });
 * ```
 */
export const jsonLogger = (
  target: LogTarget = standardOutput(jsonLoss),
  { level = 'info', base }: LoggerOptions = {},
): Logger => {
  const logger = pino(
    {
      level,
      base: base ?? null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (error: unknown) => error },
    },
    { write: target.write },
  );
  return {
    debug: (fields, message) => logger.debug(plainFields(fields), message),
    info: (fields, message) => logger.info(plainFields(fields), message),
    warn: (fields, message) => logger.warn(plainFields(fields), message),
    error: (fields, message) => logger.error(plainFields(fields), message),
  };
};

const LOSS = 'log lines could not be written';

/** In the format of a pino warning. */
const jsonLoss = (lines: number, reason: string): string =>
  `${JSON.stringify({ level: 40, lines, reason, msg: LOSS })}\n`;

/** One line per message: time, level (except for info), sentence, fields; an error line is followed by the stacks of its errors. */
export const humanLogger = (clock: Clock, given?: LogTarget, { level = 'info' }: LoggerOptions = {}): Logger => {
  const time = (): string => isoTime(clock.nowMs()).slice(11, 19);
  const target =
    given ??
    standardOutput((lines, reason) => `${time()} WARNING ${LOSS} lines=${lines} reason=${JSON.stringify(reason)}\n`);
  const write = (level: string, fields: Fields, message: string): void => {
    const details = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`);
    const line = [time(), level, message, ...details].filter((part) => part !== '').join(' ');
    const stacks = level === 'ERROR' ? Object.values(fields).flatMap(stackOf) : [];
    target.write(`${[line, ...stacks].join('\n')}\n`);
  };
  const from = (each: LogLevel, name: string): Logger['info'] =>
    LOG_LEVELS.indexOf(each) < LOG_LEVELS.indexOf(level)
      ? () => undefined
      : (fields, message) => write(name, fields, message);
  return {
    debug: from('debug', 'DEBUG'),
    info: from('info', ''),
    warn: from('warn', 'WARNING'),
    error: from('error', 'ERROR'),
  };
};

const show = (value: unknown): string => {
  if (value instanceof Error) return JSON.stringify(value.message);
  return typeof value === 'string' && !/\s/.test(value) ? value : safeJson(value);
};

const stackOf = (value: unknown): ReadonlyArray<string> =>
  value instanceof Error ? (value.stack ?? '').split('\n').slice(1) : [];

/** Never throws: a circular object or a bigint must not end the code that logs it. */
const safeJson = (value: unknown): string => {
  try {
    return JSON.stringify(plain(value, 0));
  } catch {
    return String(value);
  }
};

// -------------------------------------------------------------------------------------
// Errors as plain objects
// -------------------------------------------------------------------------------------

/** JSON.stringify turns an error into an empty object, so errors anywhere in the fields are replaced by plain objects. */
const plainFields = (fields: Fields): Fields => plain(fields, 0) as Fields;

const MAX_DEPTH = 6;

const plain = (value: unknown, depth: number): unknown => {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return plainError(value, depth);
  if (Array.isArray(value)) return value.map((each) => plain(each, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each, depth + 1)]));
};

const plainError = (error: Error, depth: number): unknown => {
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    stack,
    ...(cause === undefined ? {} : { cause: plain(cause, depth + 1) }),
    ...(error instanceof AggregateError ? { errors: plain(error.errors, depth + 1) } : {}),
  };
};
