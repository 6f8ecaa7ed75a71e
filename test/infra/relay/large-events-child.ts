/** Runs the relay and the projections over a store of large events until everything is read; the heap is the caller's. */
import { openEventFeed, openEventReader } from '../../../infra/sqlite/event-feed';
import { join } from 'node:path';
import { withTopicPrefix } from '../../../domain/kernel/topic-prefix';
import { application } from '../../../projections/fulfilment/application';
import { systemClock } from '../../../infra/clock';
import { openRealLog } from '../../../infra/kafka/real-log';
import { silentLogger } from '../../../infra/logger';
import { startRelay } from '../../../infra/relay/relay';
import { readRelayStatus } from '../../../infra/sqlite/relay-file/relay-file';
import { startProjections } from '../../../projections/engine/role/role';
import { openViewReader } from '../../../projections/engine/query/view-database-reader';
import { orderSummary } from '../../../projections/fulfilment/order-summary';

const { catalog: declared } = application;

const [servers = '', prefix = '', folder = ''] = process.argv.slice(2);
const DEADLINE_MS = 90_000;

const main = async (): Promise<void> => {
  const catalog = withTopicPrefix(declared, prefix);
  const storeFile = join(folder, 'store.sqlite');
  const viewsFile = join(folder, 'views.sqlite');
  const relayFile = join(folder, 'relay.sqlite');
  const connection = { brokers: servers, securityProtocol: 'plaintext' } as const;
  const log = await openRealLog({ connection, clock: systemClock, logger: silentLogger });
  const signal = new AbortController().signal;
  const role = {
    log,
    catalog,
    clock: systemClock,
    logger: silentLogger,
    signal,
    leaseTtlMs: 5_000,
    acceptNewLog: false,
  };
  const outbox = () => openEventFeed(storeFile);
  const schema = { cloudEventsMode: 'structured', schemaBaseUrl: 'urn:test' } as const;
  const relay = startRelay({ ...role, ...schema, file: relayFile, outbox });
  const reader = openEventReader(storeFile);
  const events = reader.lastPosition();
  const untilMs = systemClock.monotonicMs() + DEADLINE_MS;
  const expectBefore = async (what: string, holds: () => boolean, seen: () => unknown): Promise<void> => {
    while (!holds()) {
      if (systemClock.monotonicMs() > untilMs) throw new Error(`not in time: ${what}: ${JSON.stringify(seen())}`);
      await systemClock.sleep(50);
    }
  };
  await expectBefore(
    'the relay has published everything',
    () => readRelayStatus(relayFile)?.cursor === events,
    () => readRelayStatus(relayFile),
  );
  const projections = startProjections({
    ...role,
    viewsFile,
    storeFile,
    openStore: outbox,
    projections: [orderSummary],
    applicationFile: require.resolve('./large-events-definitions'),
  });
  const views = openViewReader(viewsFile, [orderSummary], catalog);
  await expectBefore('the projection has every row', () => views.projections()[0]?.rows === events, views.groups);
  views.close();
  await projections.stop();
  await relay.stop();
  reader.close();
  await log.close();
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(String(error));
    process.exit(1);
  },
);
