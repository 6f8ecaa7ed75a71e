/**
 * Writes files atomically: under another name in the same folder, flushed to disk, checked, and renamed. If writing is interrupted,
 * no incomplete file has the final name.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** The file can't be written; whatever had its name before is unchanged. */
export class FileNotWritten extends Error {
  override readonly name = 'FileNotWritten';
}

export interface WholeFileOptions {
  /** Permissions of the file. */
  readonly mode: number;
  /** Whether a file of that name may be replaced. */
  readonly replaces: boolean;
}

const SUFFIX = '.partial';

/** Writes the chunks as one file. Throws {@link FileNotWritten}, or whatever producing a chunk throws. */
export const writeWholeFile = (file: string, chunks: Iterable<string>, options: WholeFileOptions): void => {
  const begun = beginFile(file, options);
  try {
    for (const chunk of chunks) begun.write(chunk);
    begun.finish();
  } finally {
    begun.end();
  }
};

/** Writes asynchronous chunks as one file. */
export const writeWholeFileFrom = async (
  file: string,
  chunks: AsyncIterable<string>,
  options: WholeFileOptions,
): Promise<void> => {
  const begun = beginFile(file, options);
  try {
    for await (const chunk of chunks) begun.write(chunk);
    begun.finish();
  } finally {
    begun.end();
  }
};

/** A file that is being written; it gets its name when it is finished. */
interface BegunFile {
  readonly write: (chunk: string) => void;
  readonly finish: () => void;
  /** Removes an unfinished file. */
  readonly end: () => void;
}

const beginFile = (file: string, options: WholeFileOptions): BegunFile => {
  assertFree(file, options);
  const partial = `${file}${SUFFIX}`;
  const descriptor = orFail(file, () => {
    // A partial file of a killed writer is removed; a writer that is still running notices at the end.
    rmSync(partial, { force: true });
    return openSync(partial, 'wx', options.mode);
  });
  let bytes = 0;
  let isFinished = false;
  return {
    write: (chunk) => {
      bytes += orFail(file, () => writeAll(descriptor, Buffer.from(chunk)));
    },
    finish: () => {
      orFail(file, () => {
        fsyncSync(descriptor);
        assertWhole(file, partial, descriptor, bytes);
        assertFree(file, options);
        renameSync(partial, file);
      });
      isFinished = true;
    },
    end: () => {
      // Another writer may have taken over the name.
      if (!isFinished && isOwn(partial, descriptor)) rmSync(partial, { force: true });
      closeSync(descriptor);
      if (isFinished) syncFolder(dirname(file));
    },
  };
};

/** Replaces the content of a file with a text, with default permissions. */
export const writeWholeText = (file: string, text: string): void =>
  writeWholeFile(file, [text], { mode: 0o666, replaces: true });

/** Replaces the content of a file with indented JSON. */
export const writeWholeJson = (file: string, value: unknown): void =>
  writeWholeText(file, `${JSON.stringify(value, null, 2)}\n`);

const assertFree = (file: string, { replaces }: WholeFileOptions): void => {
  if (!replaces && existsSync(file))
    throw new FileNotWritten(`${file} already exists: move it away, or choose another name`);
};

const writeAll = (descriptor: number, bytes: Buffer): number => {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
  return bytes.length;
};

const assertWhole = (file: string, partial: string, descriptor: number, bytes: number): void => {
  const { size } = fstatSync(descriptor);
  if (size !== bytes) throw new FileNotWritten(`${file} was not written: ${size} of ${bytes} bytes reached the disk`);
  if (!isOwn(partial, descriptor))
    throw new FileNotWritten(`${file} was not written: another process is writing ${partial}`);
};

const isOwn = (partial: string, descriptor: number): boolean =>
  existsSync(partial) && statSync(partial).ino === fstatSync(descriptor).ino;

const orFail = <A>(file: string, act: () => A): A => {
  try {
    return act();
  } catch (error) {
    if (error instanceof FileNotWritten) throw error;
    throw new FileNotWritten(`${file} was not written: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** The new name must be durable too; if a folder can't be synced, the system writes it eventually. */
const syncFolder = (folder: string): void => {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Some file systems can't sync folders.
  }
};
