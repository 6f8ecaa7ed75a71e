/** A log that holds a store's events with four faults in it, to see whether they are found. */
import { feedOf } from './reader-feed';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { application } from '../../projections/fulfilment/application';
import type { Catalog } from '../../domain/kernel/aggregate';
import { systemClock } from '../../infra/clock';
import { cloudEventEncoder } from '../../infra/kafka/cloud-events';
import type { EventLog, OutgoingRecord } from '../../infra/kafka/event-log';
import { compareLog, type LogComparison } from '../../infra/log-audit/compare-log';
import type { EventReader } from '../../infra/sqlite/event-feed';

const { catalog: declared } = application;

type Unsent = Omit<OutgoingRecord, 'sequence' | 'value'> & { readonly value: string };

const encoderOf = (catalog: Catalog, { identity: { storeId } }: EventReader) =>
  cloudEventEncoder({ catalog, mode: 'structured', schemaBaseUrl: 'urn:many', storeId });

/** The positions of the events that something happens to. */
export const corruptedPositions = (untilPosition: number) => {
  const at = (share: number): number => Math.floor(untilPosition * share);
  return { missing: at(0.2), late: at(0.4), altered: at(0.6), invented: at(0.8) };
};

/** Publishes everything up to a position under a prefix: one event left out, one late, one altered, one invented. */
export const publishCorrupted = async (
  log: EventLog,
  store: EventReader,
  prefix: string,
  untilPosition: number,
): Promise<void> => {
  const catalog = withTopicPrefix(declared, prefix);
  await log.ensureTopics(catalog.aggregates.map(({ topic }) => topic));
  const encode = encoderOf(catalog, store);
  let failure: string | undefined;
  const producer = await log.openProducer({
    onDelivered: () => undefined,
    onFailed: ({ reason }) => {
      failure = reason;
    },
  });
  const send = async (record: Unsent): Promise<void> => {
    while (producer.send({ ...record, sequence: 0 }) === 'queue-full') {
      if (failure !== undefined) throw new Error(failure);
      await systemClock.sleep(2);
    }
  };
  const positions = corruptedPositions(untilPosition);
  let late: Unsent | undefined;
  for (let position = 0; position < untilPosition; position += 1_000) {
    const limit = Math.min(1_000, untilPosition - position);
    for (const event of store.readAll({ afterPosition: position, limit })) {
      const record = { ...encode(event), timestampMs: Date.parse(event.recordedAt) };
      if (event.position === positions.missing) continue;
      if (event.position === positions.late) late = record;
      else await send(event.position === positions.altered ? altered(record) : record);
      if (event.position === positions.invented) {
        await send({ ...record, value: record.value.replace(`"${event.id}"`, '"order-invented@1"') });
      }
    }
  }
  if (late !== undefined) await send(late);
  while (!(await producer.flush(10_000))) if (failure !== undefined) throw new Error(failure);
  await producer.close();
};

/** Another last digit in the payload. */
const altered = (record: Unsent): Unsent => ({
  ...record,
  value: record.value.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10)),
});

/** Holds that log against the store. */
export const compareCorrupted = (
  log: EventLog,
  store: EventReader,
  prefix: string,
  untilPosition: number,
): Promise<LogComparison> => {
  const catalog = withTopicPrefix(declared, prefix);
  return compareLog({
    store: feedOf(store),
    log,
    catalog,
    clock: systemClock,
    encode: encoderOf(catalog, store),
    untilPosition,
    onProgress: () => undefined,
  });
};
