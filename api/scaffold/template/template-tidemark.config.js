/** What every `npx tidemark` command in this folder works on. */
export { default } from './build/application.js';
