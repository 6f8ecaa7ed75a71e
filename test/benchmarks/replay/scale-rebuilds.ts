/** Rebuilds beside the plain consumption of the same log, while orders arrive, and one that is killed three times. */
import { systemClock } from '../../../infra/clock';
import type { RebuildStatus } from '../../../projections/view-reader';
import { lastStatuses } from '../../support/rebuild-statuses';
import { eventually } from '../../support/server';
import { consumePlainly } from './plain-consumption';
import {
  commandsArriving,
  get,
  groupsAreEven,
  LONG_MS,
  must,
  perSecond,
  PROJECTIONS,
  runToEnd,
  say,
  seconds,
  start,
  type Bench,
} from './scale-world';

/** Asks for a rebuild and waits until it is over; the last status of each projection. */
export const rebuildAsked = async (bench: Bench, ...parameters: ReadonlyArray<string>) => {
  const { status, output } = await runToEnd(bench, ['rebuild', ...parameters, '--json']);
  return { status, statuses: [...lastStatuses(output).values()], output };
};

/** One projection, then all of them in one pass. */
export const rebuilds = async (bench: Bench): Promise<void> => {
  const topics = ['orders', 'stock', 'payments'].map((name) => `big-${name}`);
  const plain = await consumePlainly(bench.servers, topics, bench.events);
  say(`plain consumption of the same log: ${plain.toFixed(1)} s, ${perSecond(bench.events, plain)}`);
  const ofSummary = topics.filter((name) => !name.endsWith('stock'));
  const records = await recordsOf(bench, 'order-summary');
  const plainSummary = await consumePlainly(bench.servers, ofSummary, records);

  const stop = commandsArriving(bench, 'n');
  let one: Awaited<ReturnType<typeof rebuildAsked>> | undefined;
  const alone = await seconds(async () => {
    one = await rebuildAsked(bench, 'order-summary');
  });
  must(
    one?.status === 0 && one.statuses[0]?.proof?.['equal'] === true,
    'the rebuild proves itself equal while commands arrive',
  );
  say(
    `order-summary: ${records} events in ${alone.toFixed(1)} s, ${perSecond(records, alone)}; plain consumption of its topics ` +
      `${plainSummary.toFixed(1)} s: ratio ${(plainSummary / alone).toFixed(2)}`,
  );
  let all: Awaited<ReturnType<typeof rebuildAsked>> | undefined;
  const together = await seconds(async () => {
    all = await rebuildAsked(bench, ...PROJECTIONS);
  });
  must(
    all?.statuses.every(({ proof }) => proof?.['equal'] === true) ?? false,
    'four projections in one pass prove themselves equal',
  );
  say(
    `all four in one pass: ${together.toFixed(1)} s, ${perSecond(bench.events, together)}; ratio ${(plain / together).toFixed(2)}`,
  );
  Object.assign(bench.figures, {
    plainSeconds: plain,
    rebuildSeconds: together,
    rebuildRatio: plain / together,
    orderSummaryEvents: records,
    orderSummaryPlainSeconds: plainSummary,
    orderSummarySeconds: alone,
    orderSummaryRatio: plainSummary / alone,
  });
  say(`${await stop()} orders were placed meanwhile`);
};

const recordsOf = async (bench: Bench, group: string): Promise<number> => {
  const { items } = (await get(bench, '/ops/groups')) as {
    items: { group: string; partitions: { nextOffset: number }[] }[];
  };
  const partitions = items.find((each) => each.group === group)?.partitions ?? [];
  return partitions.reduce((sum, { nextOffset }) => sum + nextOffset, 0);
};

/** All of them, killed at a fifth, two and three fifths of the way. */
export const killedRebuild = async (bench: Bench): Promise<void> => {
  const stop = commandsArriving(bench, 'k');
  const asking = rebuildAsked(bench, ...PROJECTIONS);
  const over = new AbortController();
  void asking.then(() => {
    over.abort();
  });
  let kills = 0;
  while (kills < 3) {
    const total = (await get(bench, '/ops/projections')) as { items: { rebuild: RebuildStatus | null }[] };
    const running = total.items.map(({ rebuild }) => rebuild).find((each) => each?.state === 'running');
    const share = (running?.done ?? 0) / Math.max(1, running?.total ?? 1);
    if (over.signal.aborted) throw new Error('the rebuild was over before it was killed three times');
    if (running?.total !== null && running !== undefined && share > 0.2 * (kills + 1)) {
      await bench.running.get('projections')?.end('SIGKILL');
      kills += 1;
      say(`killed at ${Math.round(share * 100)} %`);
      start(bench, 'projections');
    }
    await systemClock.sleep(50);
  }
  const { status, statuses } = await asking;
  must(
    status === 0 && statuses.every(({ proof }) => proof?.['equal'] === true),
    'killed three times on the way it ends the same',
  );
  say(`${await stop()} orders were placed meanwhile`);
  await eventually('the groups are even', () => groupsAreEven(bench), LONG_MS);
};
