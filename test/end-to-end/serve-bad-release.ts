/** Serves the projections of the bad release, in a process of its own. */
import { join } from 'node:path';
import { withTopicPrefix } from '../../domain/catalog';
import { systemClock } from '../../infra/clock';
import { readConfiguration } from '../../infra/configuration';
import { openLog } from '../../infra/kafka/open-log';
import { silentLogger } from '../../infra/logger';
import { startProjections } from '../../projections/engine/projections-role';
import { catalog, projections } from './bad-release';

const serve = async (): Promise<void> => {
  const configuration = readConfiguration();
  const log = await openLog({ configuration, clock: systemClock, logger: silentLogger });
  const running = await startProjections({
    log,
    catalog: withTopicPrefix(catalog, configuration.topicPrefix),
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
    leaseTtlMs: configuration.leaseTtlMs,
    acceptNewLog: false,
    viewsFile: join(configuration.dataDirectory, 'views.sqlite'),
    storeFile: join(configuration.dataDirectory, 'store.sqlite'),
    projections,
    topicPrefix: configuration.topicPrefix,
    definitionsModule: require.resolve('./bad-release'),
  });
  running.done.catch((error: unknown) => {
    throw error;
  });
  process.once('SIGTERM', () => {
    void running.stop().then(() => log.close());
  });
};

void serve();
