/** What the running program declares: its application, loaded from the file that defines it, and the topics that each projection reads. */
export { loadApplication, NoApplication } from './load-application';
export { topicsOf } from './projection-topics';
