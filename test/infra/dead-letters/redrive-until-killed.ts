/** A process that consumes and redrives at the same time, as a role does, until it is killed. */
import { withTopicPrefix } from '../../../domain/kernel/topic-prefix';
import { application } from '../../../projections/fulfilment/application';
import { systemClock } from '../../../infra/clock';
import { startConsumerGroup } from '../../../infra/consumption/loop/start-consumer-group';
import { openRealLog } from '../../../infra/kafka/real-log';
import { silentLogger } from '../../../infra/logger';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { tallyHandler } from '../consumption/tally-handler';

const { catalog: declared } = application;

const run = async ([file = '', storeFile = '', servers = '', prefix = '']: ReadonlyArray<string>): Promise<void> => {
  const catalog = withTopicPrefix(declared, prefix);
  const reader = openEventReader(storeFile);
  const tally = tallyHandler(file, catalog, reader);
  const log = await openRealLog({
    connection: { brokers: servers, securityProtocol: 'plaintext' },
    clock: systemClock,
    logger: silentLogger,
  });
  const group = startConsumerGroup({
    log,
    handler: tally,
    topics: catalog.aggregates.map(({ topic }) => topic),
    clock: systemClock,
    logger: silentLogger,
    acceptNewLog: false,
    storeLastPosition: async () => Promise.resolve(reader.lastPosition()),
  });
  for (;;) {
    tally.failures.operatorRequests.takeRequests(reader.operationRequestsAfter(0), new Set(['tally']));
    const { events } = await group.pausedWhile(tally.redrive);
    // The pace: a kill should fall into the middle of it.
    await systemClock.sleep(events === undefined ? 20 : events * 2);
  }
};

void run(process.argv.slice(2));
