/** Secrets: from a variable, or from a file that a variable names, so that they stand in no process list and no shell history. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigurationError, text, type Environment } from './values';

/** A secret is a line; what is longer than this is another file. */
const MAX_BYTES = 65_536;

const READABLE_BY_ALL = 0o004;

/** A file that was read, and whether everybody on this machine may read it too. */
export interface ReadFile {
  readonly content: string;
  readonly isOpenToAll: boolean;
}

/** Takes sentences about what is not wrong, but should be known. */
export type Warn = (sentence: string) => void;

/** The name of the variable that holds a secret's file. */
export const fileSettingOf = (name: string): string => `${name}_FILE`;

/** A secret of one line: from `name`, or from the file that `<name>_FILE` names. */
export const secret = (environment: Environment, name: string, warn: Warn): string | undefined => {
  const value = secretText(environment, name, warn);
  if (value === undefined || !/[\r\n]/.test(value)) return value;
  throw new ConfigurationError(`${sourceOf(environment, name)} holds more than one line; it takes a secret alone`);
};

/** The same for a secret that may have several lines. */
export const secretText = (environment: Environment, name: string, warn: Warn): string | undefined => {
  const value = text(environment, name);
  const file = text(environment, fileSettingOf(name));
  if (file === undefined) return value;
  if (value !== undefined) {
    throw new ConfigurationError(`${name} and ${fileSettingOf(name)} are both set: leave one of them out`);
  }
  return secretFile(file, fileSettingOf(name), warn);
};

/** Which variable a secret comes from. */
export const sourceOf = (environment: Environment, name: string): string =>
  text(environment, fileSettingOf(name)) === undefined ? name : fileSettingOf(name);

/** Reads a file that holds secrets; the line's end at its end is not part of it. */
export const secretFile = (file: string, setting: string, warn: Warn): string => {
  const { content, isOpenToAll } = readSmallFile(file, setting);
  const value = content.replace(/\r?\n$/, '');
  if (value.trim() === '') throw new ConfigurationError(`${setting} names '${file}', which is empty`);
  // No reason to refuse it: that is how container platforms mount secrets, where nobody else is in the container.
  if (isOpenToAll) warn(`${setting} names '${file}', which every user of this machine may read: chmod 600`);
  return value;
};

const readSmallFile = (file: string, setting: string): ReadFile => {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw new ConfigurationError(`${setting} names '${file}', which can't be read: ${messageOf(error)}`);
  }
  try {
    const { mode } = fstatSync(descriptor);
    const bytes = Buffer.alloc(MAX_BYTES + 1);
    const length = readAll(descriptor, bytes);
    if (length > MAX_BYTES) {
      throw new ConfigurationError(
        `${setting} names '${file}', which is larger than ${MAX_BYTES} bytes: another file?`,
      );
    }
    return { content: decoded(bytes.subarray(0, length), file, setting), isOpenToAll: (mode & READABLE_BY_ALL) !== 0 };
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError(`${setting} names '${file}', which can't be read: ${messageOf(error)}`);
  } finally {
    closeSync(descriptor);
  }
};

/** Up to the buffer's end: a pipe hands out its content in pieces. */
const readAll = (descriptor: number, bytes: Buffer): number => {
  let length = 0;
  for (;;) {
    const more = readSync(descriptor, bytes, length, bytes.length - length, null);
    length += more;
    if (more === 0 || length === bytes.length) return length;
  }
};

const decoded = (bytes: Buffer, file: string, setting: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigurationError(`${setting} names '${file}', which is no UTF-8 text`);
  }
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
