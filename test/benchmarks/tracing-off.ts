/** What tracing costs while it is off: pairs of short runs with and without its wrappers, in alternating order. */
import { tracedLog } from '../../infra/tracing/traced-log';
import { processSpans } from '../../infra/tracing/process-spans';
import { noTracer } from '../../infra/tracing/tracer';
import { systemClock } from '../../infra/clock';
import type { EventLog, LogProducer, LogRecord, OutgoingRecord } from '../../infra/kafka/event-log';
import { inMemoryLog } from '../../infra/kafka/memory/in-memory-log';

const EVENTS = 200_000;
const BATCH_RECORDS = 500;
const PAIRS = 300;
const WARM_UPS = 20;

const producer: LogProducer = {
  send: ({ sequence }) => (sequence >= 0 ? 'queued' : 'queue-full'),
  flush: () => Promise.resolve(true),
  close: () => Promise.resolve(),
};
const log: EventLog = { ...inMemoryLog({ clock: systemClock }), openProducer: () => Promise.resolve(producer) };
const listener = { onDelivered: () => undefined, onFailed: () => undefined };
const record: OutgoingRecord = {
  topic: 't',
  partition: 0,
  key: 'k',
  value: '{}',
  headers: [],
  timestampMs: 0,
  sequence: 1,
};
const batch: { readonly records: ReadonlyArray<LogRecord> } = {
  records: Array.from({ length: BATCH_RECORDS }, (_, offset) => ({
    ...{ topic: 't', partition: 0, offset, key: null, value: null, headers: [], timestampMs: 0 },
  })),
};
const apply = ({ records }: typeof batch): Promise<number> => Promise.resolve(records.length);

/** Nanoseconds an event. */
const timed = async (sends: LogProducer, applies: typeof apply): Promise<number> => {
  const startedMs = systemClock.monotonicMs();
  for (let event = 0; event < EVENTS; event += 1) {
    sends.send(record);
    if (event % BATCH_RECORDS === 0) await applies(batch);
  }
  return ((systemClock.monotonicMs() - startedMs) * 1e6) / EVENTS;
};

const quantile = (values: ReadonlyArray<number>, share: number): string =>
  ([...values].sort((left, right) => left - right)[Math.floor(values.length * share)] ?? 0).toFixed(2);

const main = async (): Promise<void> => {
  const wrapped = await tracedLog(log, noTracer).openProducer(listener);
  const around = processSpans(noTracer, 'group').around(apply);
  const plain = (): Promise<number> => timed(producer, apply);
  const off = (): Promise<number> => timed(wrapped, around);
  const differences: number[] = [];
  for (let pair = -WARM_UPS; pair < PAIRS; pair += 1) {
    const first = pair % 2 === 0 ? await plain() : await off();
    const second = pair % 2 === 0 ? await off() : await plain();
    if (pair >= 0) differences.push(pair % 2 === 0 ? second - first : first - second);
  }
  const [quarter, median, threeQuarters] = [0.25, 0.5, 0.75].map((share) => quantile(differences, share));
  process.stdout.write(
    `off against without, ns an event: median ${median}, quartiles ${quarter} and ${threeQuarters}\n`,
  );
};

void main();
