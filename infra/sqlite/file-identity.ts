/** Whether an open file is still the one that stands under its path: SQLite goes on with a removed file without a word. */
import { EngineFault } from '../engine-fault';
import { statSync } from 'node:fs';

/** The file was removed, or another was put in its place. What is written to the open one would be lost. */
export class FileReplaced extends EngineFault {
  override readonly name = 'FileReplaced';
}

/** Which file stands under a path; undefined where none does. Takes some microseconds. */
export const fileIdentity = (file: string): string | undefined => {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
};

/** Remembers which file stands there now. The check throws {@link FileReplaced} while another one, or none, does. */
export const watchFile = (file: string): (() => void) => {
  const opened = fileIdentity(file);
  return () => {
    const now = fileIdentity(file);
    if (now === opened) return;
    const what = now === undefined ? 'was removed' : 'was replaced by another file';
    throw new FileReplaced(`${file} ${what} while the program has it open`);
  };
};
