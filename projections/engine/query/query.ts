/** The API's read access to views.sqlite. */
export { openViewReader } from './view-database-reader';
