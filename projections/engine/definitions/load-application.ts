/** Loading an application by the path of its file: functions can't be handed to a thread, so that each loads it for itself. */
import { pathToFileURL } from 'node:url';
import type { Application } from '../../application';

/** The file defines no application, or can't be loaded: what is wrong and what it takes. */
export class NoApplication extends Error {
  override readonly name = 'NoApplication';
}

/** Loads the default export of an ES module, or what a CommonJS module exports. `file` is an absolute path. Rejects with {@link NoApplication}, or with what the file itself throws. */
export const loadApplication = async (file: string): Promise<Application> => {
  const loaded = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  // A CommonJS module that was compiled from an ES module has its own default inside of what it exports.
  const found = [loaded, loaded.default, defaultOf(loaded.default)].find(isApplication);
  if (found !== undefined) return found;
  throw new NoApplication(
    `${file} exports no application; it takes \`export default defineApplication({ name, aggregates, ... })\``,
  );
};

const defaultOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'default' in value ? value.default : undefined;

/** As far as one can see from outside: what `defineApplication` returns has passed its checks. */
const isApplication = (value: unknown): value is Application =>
  typeof value === 'object' &&
  value !== null &&
  'catalog' in value &&
  'projections' in value &&
  'processManagersWith' in value;
