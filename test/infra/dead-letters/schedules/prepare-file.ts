/** Makes the file that lives begin with: opened once for all of them, which is most of what one costs. */
import { lifeClock } from './life-clock';
import { newRelease } from '../notes';
import { keepDiary, noteBook } from './note-book';
import { startViewsProcess } from './views-process';

/** Leaves a file with the views' schema, the rows' table and the diary in it, and without anything in them. */
export const prepareFile = async (file: string): Promise<void> => {
  const process = await startViewsProcess({
    file,
    catalog: newRelease,
    projection: noteBook(newRelease, true, () => false),
    stored: [],
    requests: [],
    clock: lifeClock(),
    leaseTtlMs: 1,
  });
  keepDiary(process.database);
  await process.close();
};
