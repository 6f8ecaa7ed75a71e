/**
 * Data belongs to its owner alone: it holds customers, payments and answers. Files are 600 and folders 700, whatever the umask
 * says and whichever release made them.
 */
import {
  chmodSync,
  closeSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const OTHERS = 0o077;
const STICKY = 0o1000;

/** Makes a folder, and those above it that are missing, for its owner alone. One that exists stays as it is. */
export const makePrivateFolder = (folder: string): void => {
  const first = mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
  // The umask may have taken away what the owner needs.
  if (first !== undefined) chmodSync(folder, PRIVATE_FOLDER);
};

/**
 * Makes a file, empty, for its owner alone; tightens one that exists and belongs to this user. One that exists is never
 * opened for that: whoever closes a file gives up every lock that this process holds on it, SQLite's among them.
 */
export const makePrivateFile = (file: string): void => {
  try {
    const descriptor = openSync(file, 'wx', PRIVATE_FILE);
    fchmodSync(descriptor, PRIVATE_FILE);
    closeSync(descriptor);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    tightenFile(file);
  }
};

/** Tightens a file where it is there and belongs to this user. */
export const tightenFile = (file: string): void => {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats?.isFile() === true && isOwned(stats)) tighten(file, stats);
};

/** What could not be tightened, as a sentence each. */
export type Findings = ReadonlyArray<string>;

/**
 * Tightens a data folder and those of its entries whose names begin with one of the given ones. What belongs to another user
 * is left and named. So is a folder that others use as well: it holds folders that are not the program's, or is a shared one.
 */
export const tightenFolder = (folder: string, ownNames: ReadonlyArray<string>): Findings => {
  const findings: string[] = [];
  let isShared = false;
  for (const name of readdirSync(folder)) {
    const entry = join(folder, name);
    const stats = statsOf(entry);
    if (stats === undefined) continue;
    const isOwn = ownNames.some((own) => name.startsWith(own));
    if (stats.isDirectory() && !isOwn) isShared = true;
    if (isOwn && (stats.isFile() || stats.isDirectory())) findings.push(...tighten(entry, stats));
  }
  const stats = statSync(folder);
  if ((stats.mode & OTHERS) === 0) return findings;
  if (isShared || (stats.mode & STICKY) !== 0) {
    return [
      ...findings,
      `${folder} is open to other users (mode ${modeText(stats)}) and left so, for it holds other things too: give ` +
        'Tidemark a folder of its own (DATA_DIR)',
    ];
  }
  return [...findings, ...tighten(folder, stats)];
};

const tighten = (path: string, stats: Stats): Findings => {
  if ((stats.mode & OTHERS) === 0) return [];
  if (!isOwned(stats)) {
    return [
      `${path} is open to other users (mode ${modeText(stats)}) and belongs to another one, who has to tighten it`,
    ];
  }
  chmodSync(path, stats.isDirectory() ? PRIVATE_FOLDER : PRIVATE_FILE);
  return [];
};

/** Undefined where the file has gone meanwhile: another process may be closing its own. */
const statsOf = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

/** Windows has no owners to compare. */
const isOwned = ({ uid }: Stats): boolean => {
  const own = process.geteuid?.();
  return own === undefined || own === 0 || uid === own;
};

const modeText = ({ mode }: Stats): string => (mode & 0o7777).toString(8).padStart(3, '0');
