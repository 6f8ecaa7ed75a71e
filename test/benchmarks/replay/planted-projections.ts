/** Runs the projections' role with the planted bug, until SIGTERM. */
import { dataFiles } from '../../../api/program/data-files';
import { withTopicPrefix } from '../../../domain/catalog';
import { systemClock } from '../../../infra/clock';
import { prepareProcess, readConfiguration } from '../../../infra/configuration';
import { openLog } from '../../../infra/kafka/open-log';
import { silentLogger } from '../../../infra/logger';
import { startProjections } from '../../../projections/engine/projections-role';
import { catalog, projections } from './planted-definitions';

prepareProcess();

const main = async (): Promise<void> => {
  const configuration = readConfiguration();
  const files = dataFiles(configuration.dataDirectory);
  const log = await openLog({ configuration, clock: systemClock, logger: silentLogger });
  const role = await startProjections({
    log,
    catalog: withTopicPrefix(catalog, configuration.topicPrefix),
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
    leaseTtlMs: configuration.leaseTtlMs,
    acceptNewLog: false,
    viewsFile: files.views,
    storeFile: files.store,
    projections,
    definitionsModule: require.resolve('./planted-definitions'),
  });
  await new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
  await role.stop();
  await log.close();
};

void main();
