/** What the API reads of views.sqlite. */
export { openViewReader } from './view-database-reader';
