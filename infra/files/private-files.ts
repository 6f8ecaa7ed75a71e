/**
 * Data files are for their owner only, because they contain personal and payment data. Files have mode 600 and folders 700,
 * regardless of the umask and of the release that created them.
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

/** Creates a folder and its missing parents for the owner only. An existing folder stays unchanged. */
export const makePrivateFolder = (folder: string): void => {
  const first = mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
  // The umask may have removed permissions that the owner needs.
  if (first !== undefined) chmodSync(folder, PRIVATE_FOLDER);
};

/**
 * Creates an empty file for the owner only, or tightens an existing one that belongs to this user. An existing file is never opened
 * for that: closing it would release every lock that this process holds on it, including SQLite's.
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

/** Tightens a file if it exists and belongs to this user. */
export const tightenFile = (file: string): void => {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats?.isFile() === true && isOwned(stats)) tighten(file, stats);
};

/** One message for each path that could not be tightened. */
export type Findings = ReadonlyArray<string>;

/**
 * Tightens a data folder, and its entries whose names begin with one of the given names. Paths of other users are left unchanged
 * and reported. So is a folder that others use: one that is shared, or contains other folders.
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
      `${folder} is open to other users (mode ${modeText(stats)}) and was left unchanged because it contains other things: give ` +
        'Tidemark its own folder (DATA_DIR)',
    ];
  }
  return [...findings, ...tighten(folder, stats)];
};

const tighten = (path: string, stats: Stats): Findings => {
  if ((stats.mode & OTHERS) === 0) return [];
  if (!isOwned(stats)) {
    return [
      `${path} is open to other users (mode ${modeText(stats)}) and belongs to another user, who must tighten it`,
    ];
  }
  chmodSync(path, stats.isDirectory() ? PRIVATE_FOLDER : PRIVATE_FILE);
  return [];
};

/** Undefined if the file has disappeared meanwhile: another process may be closing its own. */
const statsOf = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

/** Windows has no owners to compare. */
const isOwned = ({ uid }: Stats): boolean => {
  const own = process.geteuid?.();
  return own === undefined || own === 0 || uid === own;
};

const modeText = ({ mode }: Stats): string => (mode & 0o7777).toString(8).padStart(3, '0');
