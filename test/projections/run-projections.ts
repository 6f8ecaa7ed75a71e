/** The process that the kill test kills: the projections role alone, on the given files and topics. */
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { shippedApplicationFile } from '../../api/program/application';
import { application } from '../../projections/fulfilment/application';
import { systemClock } from '../../infra/clock';
import { openLog } from '../../infra/broker/open-log';
import { silentLogger } from '../../infra/logger';
import { startProjections } from '../../projections/engine/role/role';

const { catalog, projections } = application;

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
    // Long: a successor must detect that this process is gone instead of waiting for the lease to expire.
    leaseTtlMs: 600_000,
    acceptNewLog: false,
    viewsFile,
    storeFile,
    openStore: () => openEventFeed(storeFile),
    projections,
    applicationFile: shippedApplicationFile,
  });
  await role.done;
};

void run(process.argv.slice(2));
