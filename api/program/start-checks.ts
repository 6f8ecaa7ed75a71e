/** Checks settings before the program serves: invalid ones end the start with a message. */
import { accessSync, constants, statSync } from 'node:fs';
import { basename } from 'node:path';
import {
  ConfigurationError,
  refuseExposed,
  refuseReactorsWithoutKey,
  type Configuration,
} from '../../infra/configuration';
import { checkLogSettings } from '../../infra/broker/open-log';
import { embeddedMismatch } from '../../infra/kafka/embedded/embedded-partitions';
import type { Logger } from '../../infra/logger';
import { makePrivateFolder, tightenFolder } from '../../infra/files/private-files';
import { assertSqliteLoads } from '../../infra/sqlite/sqlite-check';
import type { LoadedApplication } from './application';
import { dataFiles } from './data-files';
import type { Role } from './roles';

export interface StartCheckOptions {
  readonly loaded: Pick<LoadedApplication, 'application'>;
  readonly configuration: Configuration;
  readonly roles: ReadonlySet<Role>;
  readonly logger: Logger;
}

/**
 * Checks that SQLite loads and the access settings, and makes the data folder private. Throws ConfigurationError, or
 * NativePartMissing.
 */
export const checkStart = async ({ loaded, configuration, roles, logger }: StartCheckOptions): Promise<void> => {
  assertSqliteLoads();
  if (configuration.kafka === undefined) refuseForEmbedded(loaded);
  for (const warning of configuration.warnings ?? []) logger.warn({}, warning);
  if (roles.has('api')) await refuseExposed(configuration);
  if (configuration.ops !== undefined) {
    const { apiKeys, ops } = configuration;
    await refuseExposed({ host: ops.host, apiKeys }, undefined, 'OPS_HOST');
  }
  if (roles.has('reactors')) refuseReactorsWithoutKey(configuration);
  if (roles.size > 1 || !roles.has('api')) await checkLogSettings(configuration);
  for (const finding of prepareDataFolder(configuration.dataDirectory)) logger.warn({}, finding);
};

/** Before anything is served: later each topic would be refused by itself. */
const refuseForEmbedded = ({ application }: StartCheckOptions['loaded']): void => {
  const mismatch = embeddedMismatch(application.catalog.aggregates.map(({ topic }) => topic));
  if (mismatch !== undefined) throw new ConfigurationError(mismatch);
};

const prepareDataFolder = (folder: string): ReadonlyArray<string> => {
  const names = Object.values<string>({ ...dataFiles(folder) }).map((file) => basename(file, '.sqlite'));
  try {
    makePrivateFolder(folder);
    if (!statSync(folder).isDirectory()) throw new Error('it is not a folder');
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return tightenFolder(folder, names);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(
      `DATA_DIR is '${folder}', which can't be used: ${reason}. Give the folder to the user that runs Tidemark, or set DATA_DIR ` +
        'to one that this user may write',
    );
  }
};
