/** Which application the program runs: the file that is named, else the one of the working folder, else the shipped example. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigurationError } from '../../infra/configuration';
import type { Application } from '../../projections/application';
import { loadApplication } from '../../projections/engine/definitions/definitions';

/** An application, and where it stands: the projections' thread loads it from there for itself. */
export interface LoadedApplication {
  readonly application: Application;
  /** An absolute path. */
  readonly file: string;
  /** Where its contracts' lock and fixtures are. */
  readonly contractsFolder: string;
}

const CONFIG_FILES = ['js', 'mjs', 'cjs', 'ts'].map((extension) => `tidemark.config.${extension}`);

/**
 * Finds and loads it.
 * @param named what `--app` says; undefined to look in the working folder
 * Rejects with ConfigurationError where the named file is not there, with NoApplication where it exports none.
 */
export const findApplication = async (
  named?: string,
  workingFolder: string = process.cwd(),
): Promise<LoadedApplication> => {
  const file = named === undefined ? fileIn(workingFolder) : resolve(workingFolder, named);
  if (!existsSync(file)) throw new ConfigurationError(`--app names ${file}, which does not exist`);
  const application = await loadApplication(file);
  return { application, file, contractsFolder: application.contractsFolder ?? join(dirname(file), 'contracts') };
};

const fileIn = (folder: string): string =>
  CONFIG_FILES.map((name) => join(folder, name)).find((file) => existsSync(file)) ?? shippedApplicationFile;

/** The example: order fulfilment. */
export const shippedApplicationFile = join(__dirname, '..', '..', 'projections', 'fulfilment', 'application.js');
