/** Finds the application that the program runs: the named file, else the one of the working folder, else the shipped example. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigurationError, freezesInputs } from '../../infra/configuration';
import type { Application } from '../../projections/application';
import { withFrozenInputs } from '../../projections/frozen-application';
import { loadApplication } from '../../projections/engine/definitions/definitions';

/** An application and its file, from which the projections' thread loads it again. */
export interface LoadedApplication {
  readonly application: Application;
  /** An absolute path. */
  readonly file: string;
  /** The folder of its contracts' lock and fixtures. */
  readonly contractsFolder: string;
  /** How the command line named it; absent where it was found without being named. */
  readonly named?: string;
}

/** A text for operators, in which the commands name the application, where it had to be named to find it. */
export const withApplicationNamed = ({ named }: Pick<LoadedApplication, 'named'>, text: string): string =>
  named === undefined ? text : text.replaceAll('tidemark contracts ', () => `tidemark --app ${named} contracts `);

const CONFIG_FILES = ['js', 'mjs', 'cjs', 'ts'].map((extension) => `tidemark.config.${extension}`);

/**
 * Finds and loads the application.
 * @param named the value of `--app`; undefined to search the working folder
 * Rejects with ConfigurationError if the named file does not exist, with NoApplication if it exports no application.
 */
export const findApplication = async (
  named?: string,
  workingFolder: string = process.cwd(),
): Promise<LoadedApplication> => {
  const file = named === undefined ? fileIn(workingFolder) : resolve(workingFolder, named);
  if (!existsSync(file)) throw new ConfigurationError(`--app names ${file}, which does not exist`);
  const application = await loadApplication(file);
  const contractsFolder = application.contractsFolder ?? join(dirname(file), 'contracts');
  return { application, file, contractsFolder, ...(named === undefined ? {} : { named }) };
};

/** While it is developed, an application's own code gets frozen inputs; see FREEZE_INPUTS. */
export const underDevelopment = (loaded: LoadedApplication): LoadedApplication =>
  freezesInputs() ? { ...loaded, application: withFrozenInputs(loaded.application) } : loaded;

const fileIn = (folder: string): string =>
  CONFIG_FILES.map((name) => join(folder, name)).find((file) => existsSync(file)) ?? shippedApplicationFile;

/** The shipped example: order fulfilment. */
export const shippedApplicationFile = join(__dirname, '..', '..', 'projections', 'fulfilment', 'application.js');
