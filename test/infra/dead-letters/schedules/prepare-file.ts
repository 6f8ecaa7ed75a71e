/** Makes the file that every run starts with a copy of, as creating the schema takes most of the time of a run. */
import { leapClock } from './leap-clock';
import { newRelease } from '../notes';
import { createDiary, notesProjection } from './notes-projection';
import { startViewsProcess } from './views-process';

/** Creates a file with the views' schema, the table of rows and the diary, all of them empty. */
export const prepareFile = async (file: string): Promise<void> => {
  const process = await startViewsProcess({
    file,
    catalog: newRelease,
    projection: notesProjection(newRelease, true, () => false),
    stored: [],
    requests: [],
    clock: leapClock(),
    leaseTtlMs: 1,
  });
  createDiary(process.database);
  await process.close();
};
