/** `tidemark rebuild`: asks the server for rebuilds and follows them to their ends, or decides about one. */
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { RebuildStatus, RowDifference } from '../../projections/view-reader';
import { proofLines } from './proof-lines';
import { rebuildDisplay } from './rebuild-display';
import { request } from './server-client';

/** What an operator wants. */
export type RebuildCommand =
  | {
      readonly _tag: 'Rebuild';
      readonly projections: ReadonlyArray<string>;
      readonly body: Readonly<Record<string, unknown>>;
    }
  | { readonly _tag: 'Rollback'; readonly projection: string }
  | { readonly _tag: 'Accept' | 'Cancel'; readonly id: string }
  | { readonly _tag: 'DropFormer'; readonly projection: string }
  | { readonly _tag: 'DropCopy'; readonly projection: string; readonly copy: string };

/** A wish that can't be one. */
class InvalidArguments extends Error {
  override readonly name = 'UnclearWish';
}

const POLL_MS = 250;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Returns the exit status: 0 when what was asked for is done, 1 when it failed, 2 when differences wait to be accepted. */
export const rebuild = async (configuration: Configuration, wish: RebuildCommand, json: boolean): Promise<number> => {
  const post = (path: string, body?: unknown) => request(configuration, 'POST', path, body);
  const of = (projection: string): string => `/ops/projections/${encodeURIComponent(projection)}`;
  switch (wish._tag) {
    case 'Cancel':
      return cancel(configuration, wish.id, json);
    case 'Accept':
      // The server answers the rebuild as it was before.
      await post(`/ops/rebuilds/${encodeURIComponent(wish.id)}/accept-differences`);
      return follow(configuration, [Number(wish.id)], json, 'waiting');
    case 'Rollback':
      return follow(configuration, [idOf(await post(`${of(wish.projection)}/rollback`))], json);
    case 'DropFormer':
      await post(`${of(wish.projection)}/drop-former`);
      print(`the former build of ${wish.projection} will be dropped`);
      return 0;
    case 'DropCopy':
      await post(`${of(wish.projection)}/drop-copy`, { copy: wish.copy });
      print(`${wish.projection}@${wish.copy} will be dropped`);
      return 0;
    case 'Rebuild':
      return follow(configuration, await ask(configuration, wish), json);
  }
};

const ask = async (
  configuration: Configuration,
  { projections, body }: Extract<RebuildCommand, { _tag: 'Rebuild' }>,
): Promise<ReadonlyArray<number>> => {
  const [first] = projections;
  if (first === undefined)
    throw new InvalidArguments('name the projections to rebuild: tidemark rebuild order-summary');
  if (projections.length === 1) {
    return [idOf(await request(configuration, 'POST', `/ops/projections/${encodeURIComponent(first)}/rebuild`, body))];
  }
  for (const name of ['copy', 'until', 'key']) {
    if (name in body) throw new InvalidArguments(`--${name} is for one projection at a time`);
  }
  const accepted = await request(configuration, 'POST', '/ops/rebuilds', { projections, ...body });
  return (accepted as { readonly items: ReadonlyArray<unknown> }).items.map(idOf);
};

const idOf = (answer: unknown): number => (answer as { readonly id: number }).id;

const statusOf = async (configuration: Configuration, id: number): Promise<RebuildStatus> =>
  (await request(configuration, 'GET', `/ops/rebuilds/${id}`)) as RebuildStatus;

const cancel = async (configuration: Configuration, id: string, json: boolean): Promise<number> => {
  await request(configuration, 'POST', `/ops/rebuilds/${encodeURIComponent(id)}/cancel`);
  for (;;) {
    const status = await statusOf(configuration, Number(id));
    if (isOver(status)) {
      print(json ? JSON.stringify(status) : `the rebuild ${id} of ${status.projection} is ${status.state}`);
      return status.state === 'cancelled' ? 0 : 1;
    }
    await systemClock.sleep(POLL_MS);
  }
};

const isOver = ({ state }: RebuildStatus): boolean => state === 'done' || state === 'failed' || state === 'cancelled';

/** Follows them to their ends; `past` is a state that they are about to leave. */
const follow = async (
  configuration: Configuration,
  ids: ReadonlyArray<number>,
  json: boolean,
  past?: RebuildStatus['state'],
): Promise<number> => {
  const display = rebuildDisplay(json);
  const left = new Set<number>();
  try {
    for (;;) {
      const statuses = await Promise.all(ids.map((id) => statusOf(configuration, id)));
      display.show(statuses);
      for (const { id, state } of statuses) if (state !== past) left.add(id);
      // Until its events are looked up, a rebuild that waits has more to say.
      const stands = ({ id, state, differences }: RebuildStatus): boolean =>
        state === 'waiting' && left.has(id) && (differences?.rows.every(({ events }) => events !== null) ?? true);
      if (statuses.every((status) => isOver(status) || stands(status))) {
        display.end();
        return Math.max(...statuses.map((status) => conclude(status, json)));
      }
      await systemClock.sleep(POLL_MS);
    }
  } finally {
    display.end();
  }
};

const EXIT_BY_STATE: Readonly<Record<RebuildStatus['state'], number>> = {
  done: 0,
  failed: 1,
  cancelled: 1,
  waiting: 2,
  requested: 1,
  running: 1,
};

const conclude = (status: RebuildStatus, json: boolean): number => {
  const exit = EXIT_BY_STATE[status.state];
  if (json) return exit;
  if (status.state === 'failed' || status.state === 'cancelled') {
    process.stderr.write(
      `the rebuild of ${status.projection} has ${status.state === 'failed' ? 'failed' : 'been cancelled'}: ` +
        `${status.reason ?? 'no reason was given'}\n`,
    );
    for (const line of proofLines(status.proof)) process.stderr.write(`${line}\n`);
    return exit;
  }
  for (const line of linesOf(status)) print(line);
  return exit;
};

const linesOf = (status: RebuildStatus): ReadonlyArray<string> => {
  const { id, projection, kind, copy, key, done, from, reason, proof, differences, state } = status;
  const note = reason === null ? '' : ` (${reason})`;
  const sentence = {
    rebuild: `${projection} is rebuilt from ${done} events, read from ${from === 'kafka' ? 'Kafka' : 'the store'}${note}, and served`,
    rollback: `the former build of ${projection} is brought up to date and served${note}`,
    copy: `${projection} as of ${status.until ?? ''} can be read at /views/${projection}@${copy ?? ''}${note}`,
    row: `the row ${key ?? ''} of ${projection} is made again${note}`,
  }[kind];
  const waits = `${projection} is rebuilt, but its rows differ from those served, which stay${note}`;
  const shown =
    differences === null ? [] : [`  ${differences.count} rows differ:`, ...differences.rows.flatMap(differenceLines)];
  const waysOn =
    state === 'waiting'
      ? [`  accept: tidemark rebuild --accept-differences ${id}`, `  or end: tidemark rebuild --cancel ${id}`]
      : [];
  return [state === 'waiting' ? waits : sentence, ...proofLines(proof), ...shown, ...waysOn];
};

/** A row that differs: its key, the columns that do, and the events behind it. */
export const differenceLines = ({
  table,
  key,
  before,
  after,
  events,
  eventCount,
}: RowDifference): ReadonlyArray<string> => {
  const names = Object.keys(before ?? after ?? {});
  const text = (row: RowDifference['before'], name: string): string =>
    row === null ? 'nothing' : JSON.stringify(row[name]);
  const columns = names.filter((name) => before === null || after === null || text(before, name) !== text(after, name));
  const changes =
    before === null
      ? 'is not served'
      : after === null
        ? 'is served, and no event makes it'
        : columns.map((name) => `${name} ${text(before, name)} -> ${text(after, name)}`).join(', ');
  const earlier = (eventCount ?? 0) - (events?.length ?? 0);
  const named = events === null ? [] : [...(earlier > 0 ? [`(${earlier} earlier)`] : []), ...events];
  return [
    `    ${table === 'memory' ? 'memory ' : ''}${key}: ${changes}`,
    `      made by ${named.join(' ') || 'no event'}`,
  ];
};
