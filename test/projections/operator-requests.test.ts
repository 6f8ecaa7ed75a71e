/** Operator requests that cannot be executed: each ends as failed with its reason, and delays no other. */
import { changesFrom } from '../support/reader-feed';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { application } from '../../projections/fulfilment/application';
import { systemClock } from '../../infra/clock';
import type { OperationKind, OperationRequest } from '../../infra/commands/operation-requests';
import { readOffsetRequest } from '../../infra/sqlite/consumer-file/offset-moves';
import { readFailedRequests } from '../../infra/sqlite/consumer-file/failed-requests';
import { silentLogger } from '../../infra/logger';
import { LeaseLost } from '../../infra/sqlite/lease';
import type { ProjectionGroups } from '../../projections/engine/groups/projection-groups';
import { topicsOf } from '../../projections/engine/definitions/projection-topics';
import { rebuildQueue } from '../../projections/engine/rebuild/queue';
import { rebuildReader } from '../../projections/engine/generations/rebuild-status';
import { sendTo, viewsClient } from '../../projections/engine/writer-thread/client';
import { spec } from '../spec';
import { eventually } from '../support/server';
import { memoryLog } from './memory-log';
import { LOG_ID, openViews, temporaryFolder, type Views } from './views-fixture';
import { NamedStorageFault } from '../../infra/storage-fault';

const { catalog, projections } = application;

const groups: Pick<ProjectionGroups, 'start' | 'pausedWhile' | 'stoppedWhile' | 'topics'> = {
  start: () => undefined,
  pausedWhile: (_name, work) => work(),
  stoppedWhile: (_name, work) => work(),
  topics: (name) =>
    projections
      .filter((each) => each.name === name)
      .flatMap((each) => topicsOf(catalog, each).map((topic) => topic.name)),
};

interface Running {
  readonly views: Views;
  readonly ask: (kind: OperationKind, body: unknown) => number;
  /** A request as another program might write it. */
  readonly askRaw: (kind: OperationKind, body: string) => number;
  readonly queue: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The queue of the projections' role over operations in this thread. */
const running = async (
  views: Views,
  fault: (operation: string, input: unknown) => Error | undefined = () => undefined,
): Promise<Running> => {
  const client = viewsClient((name, input) => {
    const error = fault(name, input);
    return error === undefined ? sendTo(views.client)(name, input) : Promise.reject(error);
  });
  const stopping = new AbortController();
  let version = 1;
  const queue = rebuildQueue({
    client,
    store: { changes: changesFrom(() => version, 20) },
    groups,
    changed: new Set(),
    log: memoryLog({ records: [] }),
    clock: systemClock,
    logger: silentLogger,
    stopping: stopping.signal,
  });
  queue.catch(() => undefined);
  const askRaw: Running['askRaw'] = (kind, body) => {
    const request: OperationRequest = {
      id: views.requests.length + 1,
      kind,
      body,
      requestedAt: '2018-03-01T12:30:45.678Z',
      actor: 'ada',
    };
    views.requests.push(request);
    version += 1;
    return request.id;
  };
  return Promise.resolve({
    views,
    askRaw,
    ask: (kind, body) => askRaw(kind, JSON.stringify(body)),
    queue,
    stop: async () => {
      stopping.abort();
      await queue.catch(() => undefined);
      await views.close();
    },
  });
};

const stateOf = ({ views }: Running, id: number): string | undefined => rebuildReader(views.database).find(id)?.state;

const rebuildEnds = async (role: Running, id: number, state: 'done' | 'failed'): Promise<string> => {
  await eventually(`rebuild ${id} is ${state}`, async () => Promise.resolve(stateOf(role, id) === state), 5_000);
  return rebuildReader(role.views.database).find(id)?.reason ?? '';
};

const moveEnds = async ({ views }: Running, id: number, state: 'done' | 'failed'): Promise<string> => {
  const status = (): ReturnType<typeof readOffsetRequest> => readOffsetRequest(views.database, id);
  await eventually(`move ${id} is ${state}`, async () => Promise.resolve(status()?.state === state), 5_000);
  return status()?.reason ?? '';
};

const moveTo = (toOffset: unknown, changes: object = {}): object => ({
  group: 'order-summary',
  moves: [{ topic: 'orders', partition: 0, logId: LOG_ID, fromOffset: 0, toOffset, ...changes }],
});

spec('moves of offsets that cannot be executed', ({ test }) => {
  const cases: ReadonlyArray<readonly [what: string, body: unknown, reason: RegExp]> = [
    ...[0.5, 3.5, -1, 1e300, '3', null, 2 ** 53].map(
      (toOffset) => [`to ${JSON.stringify(toOffset)}`, moveTo(toOffset), /integers from 0 on/] as const,
    ),
    ['beyond the end', moveTo(7), /offset 7 of orders\/0 is not in the log, which holds 0 to 0/],
    ['of an unknown group', { ...moveTo(0), group: 'nobody' }, /no projection 'nobody'/],
    [
      'of a topic that the group does not read',
      moveTo(0, { topic: 'nothing' }),
      /reads no topic 'nothing', but orders/,
    ],
    ['of a partition that there is not', moveTo(0, { partition: 99 }), /no checkpoint of orders\/99/],
    ['of half a partition', moveTo(0, { partition: 0.5 }), /integers from 0 on/],
    ['from where the group does not stand', moveTo(0, { fromOffset: 5 }), /nothing was moved: check the offsets again/],
    ['of nothing at all', {}, /does not describe moves of offsets/],
  ];
  for (const [what, body, reason] of cases) {
    test(`${what} fail with the reason, and the next one is executed`, async () => {
      const role = await running(await openViews());
      const bad = role.ask('move-offsets', body);
      const good = role.ask('move-offsets', moveTo(0));
      assert.match(await moveEnds(role, bad, 'failed'), reason);
      await moveEnds(role, good, 'done');
      await role.stop();
      await role.queue;
    });
  }

  test('that an older program has left open are failed at the next start, and the role runs', async () => {
    const file = join(temporaryFolder(), 'views.sqlite');
    const before = await openViews({ file });
    const leave = before.database.prepare(`INSERT INTO offset_requests VALUES (?, ?, 'ada', 'requested', NULL)`);
    const left = [JSON.stringify(moveTo(0.5)), '{ no JSON', '[]', 'null'];
    left.forEach((body, index) => leave.run(index + 1, body));
    before.database.exec(
      `INSERT INTO rebuilds (id, projection, kind, source, state, accept_differences, row_key, done)
       VALUES (50, 'sales-by-day', 'row', 'store', 'running', 0, '2026-01-01', 0), (51, 'gone', 'rebuild', 'store', 'running', 0, NULL, 0)`,
    );
    await before.close();
    const role = await running(await openViews({ file }));
    for (const [index] of left.entries()) assert.ok((await moveEnds(role, index + 1, 'failed')) !== '');
    assert.match(await rebuildEnds(role, 50, 'failed'), /lacks currency/);
    assert.match(await rebuildEnds(role, 51, 'failed'), /no projection 'gone'/);
    await role.stop();
    await role.queue;
  });
});

spec('rebuilds that cannot be executed', ({ test }) => {
  const cases: ReadonlyArray<readonly [what: string, body: object, reason: RegExp]> = [
    [
      'of a row without the second column of its key',
      { projection: 'sales-by-day', key: '2026-01-01' },
      /lacks currency: a key of sales-by-day is day:currency/,
    ],
    ['of a row with an empty column', { projection: 'sales-by-day', key: ':EUR' }, /lacks day/],
    ['of a row without a key', { projection: 'order-summary', kind: 'row' }, /lacks orderId/],
    ['of no projection of this program', { projection: 'carts' }, /no projection 'carts'/],
    [
      'as a copy without a point in time',
      { projection: 'order-summary', kind: 'copy', copy: 'x', until: 'soon' },
      /neither a position nor a time/,
    ],
    ['as a copy without a name', { projection: 'order-summary', kind: 'copy', until: '1' }, /needs a name/],
    [
      'as a rollback without a previous generation',
      { projection: 'order-summary', kind: 'rollback' },
      /no previous generation/,
    ],
    ['of another kind', { projection: 'order-summary', kind: 'sideways' }, /not a request for a rebuild/],
    ['from nowhere', { projection: 'order-summary', from: 'nowhere' }, /not a request for a rebuild/],
  ];
  for (const [what, body, reason] of cases) {
    test(`${what} fail immediately with the reason, and the next ones are executed`, async () => {
      const role = await running(await openViews());
      const kind = 'key' in body ? { kind: 'row' } : {};
      const bad = role.ask('rebuild', { from: 'store', ...kind, ...body });
      const good = role.ask('rebuild', { projection: 'sales-by-day', from: 'store' });
      const moved = role.ask('move-offsets', moveTo(0));
      assert.match(await rebuildEnds(role, bad, 'failed'), reason);
      await rebuildEnds(role, good, 'done');
      await moveEnds(role, moved, 'done');
      assert.equal(
        readFailedRequests(role.views.database, 10).map(({ id, kind: of, actor }) => [id, of, actor]),
        [[bad, 'rebuild', 'ada']],
      );
      await role.stop();
      await role.queue;
    });
  }

  test('that are not JSON, or name an unknown action, are recorded as failed', async () => {
    const role = await running(await openViews());
    const bad = [
      role.askRaw('rebuild', '{"projection":'),
      role.askRaw('move-offsets', 'offsets'),
      role.askRaw('rebuild-control', ''),
      role.ask('rebuild-control', { action: 'cancel', rebuild: 0.5 }),
      role.ask('rebuild-control', { action: 'cancel', rebuild: 999 }),
      role.ask('rebuild-control', { action: 'explode' }),
    ];
    const good = role.ask('rebuild', { projection: 'order-summary', from: 'store' });
    await rebuildEnds(role, good, 'done');
    assert.equal(
      readFailedRequests(role.views.database, 10)
        .map(({ id }) => id)
        .reverse(),
      bad,
    );
    await role.stop();
    await role.queue;
  });

  test('that meet a transient fault wait: the others are executed meanwhile, and they after the fault has passed', async () => {
    let isBroken = true;
    const role = await running(await openViews(), (operation, input) => {
      const { projection } = input as { readonly projection?: string };
      const isMeant = operation === 'beginRebuild' && projection === 'order-summary';
      return isBroken && isMeant ? new Error('the disk is full') : undefined;
    });
    const held = role.ask('rebuild', { projection: 'order-summary', from: 'store', pass: 'p' });
    // Of the same pass: the fault of another rebuild does not affect it.
    const mate = role.ask('rebuild', { projection: 'sales-by-day', from: 'store', pass: 'p' });
    const other = role.ask('rebuild', { projection: 'stock-level', from: 'store' });
    const moved = role.ask('move-offsets', moveTo(0));
    for (const id of [mate, other]) await rebuildEnds(role, id, 'done');
    await moveEnds(role, moved, 'done');
    assert.match(rebuildReader(role.views.database).find(held)?.reason ?? '', /the disk is full; it is retried/);
    isBroken = false;
    await rebuildEnds(role, held, 'done');
    await role.stop();
    await role.queue;
  });
});

spec("faults of the role's file", ({ test }) => {
  test('do not end the role: requests are read again until they can be picked up', async () => {
    let faults = 0;
    const full = new NamedStorageFault('full', 'database or disk is full');
    const role = await running(await openViews(), (operation) => {
      if (operation !== 'takeRebuildRequests' || faults === 3) return undefined;
      faults += 1;
      return full;
    });
    await rebuildEnds(role, role.ask('rebuild', { projection: 'order-summary', from: 'store' }), 'done');
    assert.is(faults, 3);
    await role.stop();
    await role.queue;
  });

  test('that belong to another process by now end the role', async () => {
    const role = await running(await openViews(), () => new LeaseLost('taken over'));
    assert.instance(await role.queue.catch((error: unknown) => error), LeaseLost);
    await role.stop();
  });
});
