/** `tidemark rebuild`: requests rebuilds from the server and follows them until they end, or acts on one. */
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { RebuildStatus, RowDifference } from '../../projections/view-reader';
import { proofLines } from './proof-lines';
import { rebuildDisplay } from './rebuild-display';
import { request } from './server-client';

/** What the operator requested. */
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

/** Arguments that contradict each other. */
class InvalidArguments extends Error {
  override readonly name = 'UnclearWish';
}

const POLL_MS = 250;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Returns the exit status: 0 when the request is done, 1 when it failed, 2 when differences must be accepted first. */
export const rebuild = async (
  configuration: Configuration,
  command: RebuildCommand,
  json: boolean,
): Promise<number> => {
  const post = (path: string, body?: unknown) => request(configuration, 'POST', path, body);
  const of = (projection: string): string => `/ops/projections/${encodeURIComponent(projection)}`;
  switch (command._tag) {
    case 'Cancel':
      return cancel(configuration, command.id, json);
    case 'Accept':
      // The server responds with the state of the rebuild before the request.
      await post(`/ops/rebuilds/${encodeURIComponent(command.id)}/accept-differences`);
      return follow(configuration, [Number(command.id)], json, 'waiting');
    case 'Rollback':
      return follow(configuration, [idOf(await post(`${of(command.projection)}/rollback`))], json);
    case 'DropFormer':
      await post(`${of(command.projection)}/drop-former`);
      print(`the previous generation of ${command.projection} will be dropped`);
      return 0;
    case 'DropCopy':
      await post(`${of(command.projection)}/drop-copy`, { copy: command.copy });
      print(`${command.projection}@${command.copy} will be dropped`);
      return 0;
    case 'Rebuild':
      return follow(configuration, await ask(configuration, command), json);
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

/** Follows rebuilds until they end; `past` is a state that they are about to leave. */
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
      // A rebuild whose differences wait for acceptance is still looking up the events behind them.
      const isPaused = ({ id, state, differences }: RebuildStatus): boolean =>
        state === 'waiting' && left.has(id) && (differences?.rows.every(({ events }) => events !== null) ?? true);
      if (statuses.every((status) => isOver(status) || isPaused(status))) {
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
    rollback: `the previous generation of ${projection} is caught up and served${note}`,
    copy: `${projection} as of ${status.until ?? ''} can be read at /views/${projection}@${copy ?? ''}${note}`,
    row: `the row ${key ?? ''} of ${projection} is recomputed${note}`,
  }[kind];
  const waits = `${projection} is rebuilt, but its rows differ from the served ones, which stay in place${note}`;
  const shown =
    differences === null ? [] : [`  ${differences.count} rows differ:`, ...differences.rows.flatMap(differenceLines)];
  const nextSteps =
    state === 'waiting'
      ? [`  accept: tidemark rebuild --accept-differences ${id}`, `  or cancel: tidemark rebuild --cancel ${id}`]
      : [];
  return [state === 'waiting' ? waits : sentence, ...proofLines(proof), ...shown, ...nextSteps];
};

/** Formats a row that differs: its key, the columns that differ, and the events that made it. */
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
    `    ${table === 'view' ? '' : `${table} `}${key}: ${changes}`,
    `      made by ${named.join(' ') || 'no event'}`,
  ];
};
