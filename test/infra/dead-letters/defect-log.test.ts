/** What a handler throws is stored with its stack in the dead letter, and logged once, however often it was retried. */
import * as assert from 'uvu/assert';
import { logDefects, type DefectCalls } from '../../../infra/dead-letters/store/defect-log';
import { silentLogger, type Logger } from '../../../infra/logger';
import { spec } from '../../spec';
import { failureWorld, noteRecord, type FailureWorld, type GroupOptions, type GroupProcess } from './failure-world';
import { storedNotes } from './notes';
import { NamedStorageFault } from '../../../infra/storage-fault';

const stumble = (): never => {
  throw new TypeError('x is undefined', { cause: new RangeError('the list is empty') });
};

const throwingOn = (...ids: ReadonlyArray<string>): GroupOptions => ({
  handle: ({ id }) => (ids.includes(id) ? stumble() : 'applied'),
});

/** Many events of other notes around one of `note-bad`, in one partition each. */
const stored = storedNotes(
  Array.from({ length: 40 }, (_, index) => ({ stream: index === 17 ? 'note-bad' : `note-${index}` })),
);
const ends = [0, 0];
const log = stored.map((event) => {
  const { partition } = noteRecord(event, 0);
  const offset = ends[partition] ?? 0;
  ends[partition] = offset + 1;
  return noteRecord(event, offset);
});

const loggedBy = async ({ database }: FailureWorld, { failures }: GroupProcess) => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const calls: DefectCalls = {
    defectsWaiting: async (limit) => Promise.resolve(failures.defects.waiting(limit)),
    defectsDone: async (ids) => {
      database.transaction(() => failures.defects.done(ids))();
      return Promise.resolve();
    },
  };
  const logger: Logger = { ...silentLogger, error: (fields, message) => void lines.push({ ...fields, message }) };
  await logDefects(calls, logger);
  return lines;
};

spec('a handler that throws', ({ test }) => {
  test('leaves one error line with group, event and stack, however often its batch was bisected', async () => {
    const world = failureWorld(stored);
    const process = world.start(throwingOn('note-bad@1'));
    assert.is(process.deliver(log).defect, 1);
    const [line, ...others] = await loggedBy(world, process);
    assert.equal(others, []);
    const { group, eventId, correlationId, causationId, deadLetter, topic, reason, message, stack } = line ?? {};
    const bad = stored.find(({ id }) => id === 'note-bad@1');
    assert.equal(
      { group, eventId, correlationId, causationId, deadLetter, topic, reason, message },
      {
        group: 'diary',
        eventId: 'note-bad@1',
        correlationId: bad?.correlationId,
        causationId: bad?.causationId,
        deadLetter: 'diary:1',
        topic: 'notes',
        reason: 'x is undefined',
        message: 'a handler threw: the event is dead-lettered',
      },
    );
    assert.match(String(stack), /^TypeError: x is undefined\n +at stumble .*defect-log/);
    assert.match(String(stack), /\ncaused by RangeError: the list is empty\n +at stumble/);
    assert.equal(await loggedBy(world, process), [], 'nothing is said twice');
    world.close();
  });

  test('is not logged for an attempt that was rolled back, and once for the one that was committed', async () => {
    const world = failureWorld(stored);
    let isBusy = true;
    const busy = world.start({
      handle: ({ id }) => {
        if (id === 'note-bad@1') stumble();
        if (id === 'note-30@1' && isBusy) throw new NamedStorageFault('busy', 'database is locked');
        return 'applied';
      },
    });
    for (let attempt = 0; attempt < 3; attempt += 1) assert.throws(() => busy.deliver(log), /locked/);
    assert.equal(await loggedBy(world, busy), []);
    isBusy = false;
    busy.deliver(log);
    assert.is((await loggedBy(world, busy)).length, 1);
    world.close();
  });

  test('has its stack in the dead letter, truncated to a bounded length, and not in the headers of the copy', () => {
    const world = failureWorld(stored);
    const process = world.start({
      handle: ({ id }) => {
        if (id === 'note-bad@1') throw new Error('x'.repeat(100_000));
        return 'applied';
      },
    });
    process.deliver(log);
    const stack = world.reader.find('diary', 1)?.stack ?? '';
    assert.is(stack.length, 8_000);
    assert.match(stack, /^Error: xxx/);
    const [copy] = process.failures.copies.waiting('diary', 1);
    assert.not.ok(copy?.headers.some(([name]) => name.includes('stack')));
    assert.not.ok('stack' in (world.reader.list({}, { limit: 1 })[0] ?? {}), 'a list stays short');
    world.close();
  });

  test('is logged again where a redrive fails again, with the new stack', async () => {
    const world = failureWorld(stored);
    const first = world.start(throwingOn('note-bad@1'));
    first.deliver(log);
    assert.is((await loggedBy(world, first)).length, 1);
    const second = world.start({ handle: () => JSON.parse('{') as never });
    world.redriveAll();
    second.takeRequests();
    while (second.step().events !== undefined);
    const [line] = await loggedBy(world, second);
    assert.match(String(line?.['stack']), /^SyntaxError/);
    assert.match(world.reader.find('diary', 1)?.stack ?? '', /^SyntaxError/);
    world.close();
  });

  test('is also logged where it throws something that is not an Error, and not where it rejects an event', async () => {
    const world = failureWorld(stored);
    const process = world.start({
      handle: ({ id }) => {
        // Not an Error on purpose.
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        if (id === 'note-bad@1') throw 'a text';
        return id === 'note-3@1' ? { class: 'rejected', reason: 'no' } : 'applied';
      },
    });
    process.deliver(log);
    const lines = await loggedBy(world, process);
    assert.equal(
      lines.map(({ eventId, reason, stack }) => [eventId, reason, stack]),
      [['note-bad@1', 'a text', null]],
    );
    world.close();
  });
});
