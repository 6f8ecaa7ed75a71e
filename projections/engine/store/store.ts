/** The views' file in SQLite: for its writer, for verification, and for explanations. */
export type { GroupProgress } from './group-progress';
export { openRowReader, type RowReader } from './row-reader';
export { openScratch, type ScratchFile } from './scratch-file';
export { openServedRows, type ServedRows, ServedRowsMissing } from './served-rows';
export { viewsFile, type ViewsFile } from './views-file';
