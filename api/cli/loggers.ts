/** Two voices of the engine: lines for people, and JSON lines for machines. */
import pino from 'pino';
import type { Clock } from '../../infra/clock';
import { isoTime } from '../../infra/clock';
import type { Logger } from '../../infra/logger';

/** JSON lines on standard output. */
export const jsonLogger = (): Logger => {
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
};

/** One line a message on standard output: time, level where it matters, sentence, fields. */
export const humanLogger = (clock: Clock): Logger => {
  const write = (level: string, fields: Readonly<Record<string, unknown>>, message: string): void => {
    const time = isoTime(clock.nowMs()).slice(11, 19);
    const details = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`);
    process.stdout.write(`${[time, level, message, ...details].filter((part) => part !== '').join(' ')}\n`);
  };
  return {
    debug: () => {},
    info: (fields, message) => write('', fields, message),
    warn: (fields, message) => write('WARNING', fields, message),
    error: (fields, message) => write('ERROR', fields, message),
  };
};

const show = (value: unknown): string => {
  if (value instanceof Error) return JSON.stringify(value.message);
  return typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value);
};
