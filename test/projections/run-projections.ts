/** The process that the kill test kills: the projections' role alone, on the files and the topics that it is told. */
import { catalog, withTopicPrefix } from '../../domain/catalog';
import { systemClock } from '../../infra/clock';
import { openLog } from '../../infra/broker/open-log';
import { silentLogger } from '../../infra/logger';
import { startProjections } from '../../projections/engine/role/role';
import { projections } from '../../projections/registry';

const run = async ([
  servers = '',
  prefix = '',
  viewsFile = '',
  storeFile = '',
]: ReadonlyArray<string>): Promise<void> => {
  const kafka = { brokers: servers, securityProtocol: 'plaintext' as const };
  const log = await openLog({ configuration: { kafka }, clock: systemClock, logger: silentLogger });
  const role = startProjections({
    log,
    catalog: withTopicPrefix(catalog, prefix),
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
    // Long: a successor must see that this process is gone, not wait for its time.
    leaseTtlMs: 600_000,
    acceptNewLog: false,
    viewsFile,
    storeFile,
    projections,
  });
  await role.done;
};

void run(process.argv.slice(2));
