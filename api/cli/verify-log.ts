/** `tidemark verify --log`: compares the Kafka log with the store; with `--repair`, publishes what is missing. */
import { existsSync } from 'node:fs';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import type { Catalog } from '../../domain/kernel/aggregate';
import { systemClock } from '../../infra/clock';
import { ConfigurationError, type Configuration } from '../../infra/configuration';
import { cloudEventEncoder } from '../../infra/kafka/cloud-events';
import type { EventLog } from '../../infra/kafka/event-log';
import { openLog } from '../../infra/broker/open-log';
import { silentLogger } from '../../infra/logger';
import { GAP_CAUSES, gapText } from '../../infra/kafka/offset-gaps';
import { compareLog, type LogComparison } from '../../infra/log-audit/compare-log';
import { repairLog } from '../../infra/log-audit/repair';
import { readRelayStatus, readWithheldEvents } from '../../infra/sqlite/relay-file/relay-file';
import type { EventFeed } from '../../infra/event-store/event-feed';
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { dataFiles } from '../program/data-files';
import type { Application } from '../../projections/application';
import type { Output } from './verify';
import { partitionName } from '../../infra/topic-partition';

interface Context {
  readonly configuration: Configuration;
  readonly store: EventFeed;
  readonly log: EventLog;
  readonly catalog: Catalog;
  readonly relayFile: string;
  readonly output: Output;
}

const LINE_INTERVAL_MS = 2_000;

/** Returns the exit status: 0 if the log matches the store, 1 if not. */
export const verifyLog = async (
  application: Application,
  configuration: Configuration,
  wish: { readonly repair: boolean; readonly recreateTopics: boolean },
  output: Output,
): Promise<number> => {
  if (configuration.kafka === undefined) {
    throw new ConfigurationError('KAFKA_BROKERS is not set: the embedded broker keeps no complete log to compare with');
  }
  const { store: storeFile, relay: relayFile } = dataFiles(configuration.dataDirectory);
  const store = await openEventFeed(storeFile);
  const log = await openLog({ configuration, clock: systemClock, logger: silentLogger });
  const catalog = withTopicPrefix(application.catalog, configuration.topicPrefix);
  const context: Context = { configuration, store, log, catalog, relayFile, output };
  try {
    const found = await compare(context);
    if (!wish.repair || found.missing + found.unknown.length === 0) return isClean(found) ? 0 : 1;
    for (const line of await repair(context, found, wish.recreateTopics)) output.print(line);
    return isClean(await compare(context)) ? 0 : 1;
  } finally {
    await store.close();
    await log.close();
  }
};

const isClean = ({ missing, extra, outOfOrder, altered, offsetGaps }: LogComparison): boolean =>
  missing + extra + outOfOrder + altered + offsetGaps.length === 0;

const compare = async (context: Context): Promise<LogComparison> => {
  const { configuration, store, log, catalog, relayFile, output } = context;
  // Read before the log's ends: everything up to this position should be in the log.
  const untilPosition = existsSync(relayFile) ? (readRelayStatus(relayFile)?.cursor ?? 0) : 0;
  const withheld = existsSync(relayFile) ? readWithheldEvents(relayFile) : new Map<number, string>();
  let printedAtMs = systemClock.monotonicMs();
  const found = await compareLog({
    store,
    log,
    catalog,
    clock: systemClock,
    encode: cloudEventEncoder({
      ...configuration,
      catalog,
      mode: configuration.cloudEventsMode,
      storeId: store.identity.storeId,
      withheldReason: (position) => withheld.get(position),
    }),
    untilPosition,
    onProgress: (position) => {
      if (output.json || systemClock.monotonicMs() - printedAtMs < LINE_INTERVAL_MS) return;
      printedAtMs = systemClock.monotonicMs();
      output.print(`${position} of ${untilPosition} events compared`);
    },
  });
  if (output.json) output.print(JSON.stringify(found));
  else for (const line of linesOf(found)) output.print(line);
  return found;
};

const linesOf = (found: LogComparison): ReadonlyArray<string> => {
  const {
    events,
    records,
    untilPosition,
    missing,
    extra,
    outOfOrder,
    altered,
    repeated,
    partitions,
    findings,
    offsetGaps,
  } = found;
  const summary =
    `${events} events up to position ${untilPosition}, ${records} records: ${missing} missing, ${extra} extra, ` +
    `${outOfOrder} out of order, ${altered} altered` +
    (repeated === 0 ? '' : ` (${repeated} repeated unchanged, which consumers drop)`);
  return [
    summary,
    ...findings.map(
      ({ kind, topic, partition, offset, id, detail }) =>
        `  ${kind}: ${partitionName({ topic, partition })}${offset === null ? '' : ` offset ${offset}`} ${id ?? 'not an event'}: ${detail}`,
    ),
    ...offsetGaps.map((gap) => `  ${gapText(gap)}`),
    ...(offsetGaps.length === 0 ? [] : [`  ${GAP_CAUSES}`]),
    ...partitions
      .filter(({ gaps, tail }) => gaps + tail > 0)
      .map(
        ({ topic, partition, gaps, tail }) =>
          `  ${partitionName({ topic, partition })}: ${gaps} missing in the middle, ${tail} at the end`,
      ),
  ];
};

const repair = async (
  { configuration, store, log, catalog, relayFile }: Context,
  found: LogComparison,
  recreateTopics: boolean,
): Promise<ReadonlyArray<string>> => {
  const { cloudEventsMode, schemaBaseUrl, leaseTtlMs } = configuration;
  return repairLog({
    log,
    catalog,
    clock: systemClock,
    logger: silentLogger,
    leaseTtlMs,
    file: relayFile,
    outbox: () => openEventFeed(dataFiles(configuration.dataDirectory).store),
    lastPosition: store.lastPosition,
    cloudEventsMode,
    schemaBaseUrl,
    found,
    recreateTopics,
  });
};
