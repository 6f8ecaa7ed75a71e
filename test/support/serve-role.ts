/** Serves one role of another release in a process of its own, with the settings of the program, until SIGTERM. */
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { application } from '../../projections/fulfilment/application';
import { systemClock } from '../../infra/clock';
import { readConfiguration, type Configuration } from '../../infra/configuration';
import { openLog } from '../../infra/broker/open-log';
import { silentLogger, type Logger } from '../../infra/logger';
import type { Running } from '../../infra/running/role';
import type { RoleOptions } from '../../infra/running/role-options';

const { catalog } = application;

/** Starts the role with what every role is started with; a role that can't go on ends the process. */
export const serveRole = async (
  start: (options: RoleOptions & { readonly topicPrefix: string }, configuration: Configuration) => Running,
  logger: Logger = silentLogger,
): Promise<void> => {
  const configuration = readConfiguration();
  const { topicPrefix, leaseTtlMs } = configuration;
  const log = await openLog({ configuration, clock: systemClock, logger });
  const options = {
    log,
    catalog: withTopicPrefix(catalog, topicPrefix),
    clock: systemClock,
    logger,
    signal: new AbortController().signal,
    leaseTtlMs,
    acceptNewLog: false,
    topicPrefix,
  };
  const running = start(options, configuration);
  running.done.catch((error: unknown) => {
    throw error;
  });
  process.once('SIGTERM', () => {
    void running.stop().then(() => log.close());
  });
};
