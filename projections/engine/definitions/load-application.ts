/** Loads an application from its file: functions cannot be passed to a thread, so each thread loads it itself. */
import { pathToFileURL } from 'node:url';
import type { Application } from '../../application';

/** The file exports no application: what is wrong and what is expected. */
export class NoApplication extends Error {
  override readonly name = 'NoApplication';
}

/** Loads the default export of an ES module, or what a CommonJS module exports. `file` is an absolute path. Rejects with {@link NoApplication}, or with what the file itself throws. */
export const loadApplication = async (file: string): Promise<Application> => {
  const loaded = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  // A CommonJS module compiled from an ES module has its default export nested inside the exported object.
  const found = [loaded, loaded.default, defaultOf(loaded.default)].find(isApplication);
  if (found !== undefined) return found;
  throw new NoApplication(
    `${file} exports no application; it takes \`export default defineApplication({ name, aggregates, ... })\``,
  );
};

const defaultOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'default' in value ? value.default : undefined;

/** Whether the value looks like the result of `defineApplication`, which has validated it. */
const isApplication = (value: unknown): value is Application =>
  typeof value === 'object' &&
  value !== null &&
  'catalog' in value &&
  'projections' in value &&
  'processManagersWith' in value;
