/** Secrets: from a variable, or from a file that a variable names, so that they need not appear in process lists and shell histories. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigurationError, text, type Environment } from './values';

/** Upper limit on the file of a secret; a larger one is surely another file. */
const MAX_BYTES = 65_536;

const READABLE_BY_ALL = 0o004;

/** The content of a file, and whether every user of this machine may read it. */
export interface ReadFile {
  readonly content: string;
  readonly isOpenToAll: boolean;
}

/** Receives warnings. */
export type Warn = (sentence: string) => void;

/** Returns the name of the variable that names a secret's file. */
export const fileSettingOf = (name: string): string => `${name}_FILE`;

/** Reads a secret of one line: from `name`, or from the file that `<name>_FILE` names. */
export const secret = (environment: Environment, name: string, warn: Warn): string | undefined => {
  const value = secretText(environment, name, warn);
  if (value === undefined || !/[\r\n]/.test(value)) return value;
  throw new ConfigurationError(`${sourceOf(environment, name)} has more than one line; it takes only the secret`);
};

/** Reads a secret that may have several lines. */
export const secretText = (environment: Environment, name: string, warn: Warn): string | undefined => {
  const value = text(environment, name);
  const file = text(environment, fileSettingOf(name));
  if (file === undefined) return value;
  if (value !== undefined) {
    throw new ConfigurationError(`${name} and ${fileSettingOf(name)} are both set: omit one of them`);
  }
  return secretFile(file, fileSettingOf(name), warn);
};

/** Returns the variable that a secret comes from. */
export const sourceOf = (environment: Environment, name: string): string =>
  text(environment, fileSettingOf(name)) === undefined ? name : fileSettingOf(name);

/** Reads a file that holds secrets; a final line break is not part of it. */
export const secretFile = (file: string, setting: string, warn: Warn): string => {
  const { content, isOpenToAll } = readSmallFile(file, setting);
  const value = content.replace(/\r?\n$/, '');
  if (value.trim() === '') throw new ConfigurationError(`${setting} names '${file}', which is empty`);
  // Not an error: container platforms mount secrets like this, and no one else is in the container.
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
        `${setting} names '${file}', which is larger than ${MAX_BYTES} bytes: is it the right file?`,
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

/** Reads until the buffer is full: a pipe returns its content in pieces. */
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
    throw new ConfigurationError(`${setting} names '${file}', which is not UTF-8 text`);
  }
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
