/** Requests about dead letters that cannot be carried out: recorded with their reason, and the others are carried out. */
import { changesFrom } from '../../support/reader-feed';
import * as assert from 'uvu/assert';
import { previewOf } from '../../../infra/dead-letters/redrive/preview';
import { processOperatorRequests } from '../../../infra/dead-letters/redrive/runner';
import { readFailedRequests } from '../../../infra/sqlite/consumer-file/failed-requests';
import { NOTHING_TO_DO } from '../../../infra/dead-letters/redrive/process-requests';
import type { EventLog } from '../../../infra/kafka/event-log';
import { silentLogger } from '../../../infra/logger';
import { spec } from '../../spec';
import { eventually } from '../../support/server';
import { failureWorld, noteRecord } from './failure-world';
import { oldRelease, storedNotes } from './notes';
import { ownClock } from '../../support/test-clock';

const opened = () => {
  const stored = storedNotes([{ stream: 'note-a', text: 'far too long for it' }]);
  const world = failureWorld(stored);
  const process = world.start({ catalog: oldRelease });
  const letterRecord = stored.map((event) => noteRecord(event, 0));
  process.deliver(letterRecord);
  return { world, process };
};

spec('requests about dead letters', ({ test }) => {
  const plan = { group: 'diary', letters: [1], ratePerSecond: 100, preview: previewOf([], 0) };
  const bad: ReadonlyArray<readonly [kind: Parameters<ReturnType<typeof opened>['world']['ask']>[0], body: object]> = [
    ['dead-letter-note', { group: 'diary', letter: 99, note: 'n' }],
    ['dead-letter-note', { group: 'diary', letter: 0.5, note: 'n' }],
    ['dead-letter-note', { group: 'diary', letter: '1', note: 'n' }],
    ['dead-letter-assign', { group: 'diary', letter: 1 }],
    ['dead-letter-discard', { group: 'diary', letter: null, reason: 'r' }],
    ['redrive-plan', { ...plan, ratePerSecond: 0 }],
    ['redrive-plan', { ...plan, ratePerSecond: 1e300 }],
    ['redrive-plan', { ...plan, letters: [0.5] }],
    ['redrive-plan', { ...plan, letters: 'all' }],
    ['redrive-plan', { ...plan, preview: {} }],
    ['redrive-run', { group: 'diary', redrive: 999 }],
    ['redrive-pause', { group: 'diary', redrive: 999 }],
    ['redrive-run', { group: 'diary', redrive: -1 }],
    ['redrive-run', {}],
  ];

  test('that cannot be carried out are recorded with their reason, one by one, and the others are carried out', () => {
    const { world, process } = opened();
    const ids = bad.map(([kind, body]) => {
      const id = world.ask(kind, body);
      world.ask('dead-letter-note', { group: 'diary', letter: 1, note: `after ${id}` });
      return id;
    });
    // A group of another file: its role records the result.
    world.ask('dead-letter-note', { group: 'another', letter: 99, note: 'n' });
    while (process.takeRequests() > 0);
    const failed = readFailedRequests(world.database, 100);
    assert.equal(failed.map(({ id }) => id).reverse(), ids);
    assert.ok(failed.every(({ reason, actor }) => reason !== '' && actor === 'ada'));
    assert.is(failed.at(-1)?.reason, 'diary has no dead letter 99');
    const notes = world.reader.find('diary', 1)?.audit.filter(({ action }) => action === 'noted') ?? [];
    assert.is(notes.length, bad.length);
    world.close();
  });

  test('that are not JSON are recorded, too', () => {
    const { world, process } = opened();
    const id = world.ask('redrive-run', { group: 'diary', redrive: 1 });
    world.spoil(id, '{"group":');
    world.ask('dead-letter-note', { group: 'diary', letter: 1, note: 'n' });
    while (process.takeRequests() > 0);
    assert.match(readFailedRequests(world.database, 1)[0]?.reason ?? '', /not JSON/);
    world.close();
  });
});

spec('the work alongside the groups', ({ test }) => {
  test('is isolated: a group whose redrive fails, or an unreachable Kafka, delays no other group', async () => {
    const stopping = new AbortController();
    const steps = { broken: 0, sound: 0 };
    let isKafkaAway = true;
    let copied = 0;
    const log = {
      fixedPartitions: undefined,
      ensureTopics: async () => {
        if (isKafkaAway) return Promise.reject(new Error('Kafka is away'));
        copied += 1;
        return Promise.reject(new Error('enough'));
      },
    } as unknown as EventLog;
    const running = processOperatorRequests({
      calls: {
        takeRequests: async () => Promise.resolve(0),
        redriveStep: async (group) => {
          steps[group === 'broken' ? 'broken' : 'sound'] += 1;
          return group === 'broken' ? Promise.reject(new Error('a step that breaks')) : Promise.resolve(NOTHING_TO_DO);
        },
        copiesWaiting: async (group) => Promise.resolve(group === 'broken' ? ([{ seq: 1 }] as never) : []),
        copiesDone: async () => Promise.resolve(),
        noteCopying: async () => Promise.resolve(),
        defectsWaiting: async () => Promise.resolve([]),
        defectsDone: async () => Promise.resolve(),
      },
      groups: ['broken', 'sound'],
      store: { changes: changesFrom(() => Math.random(), 50) },
      log,
      topicPrefix: '',
      clock: ownClock,
      logger: silentLogger,
      stopping: stopping.signal,
    });
    await eventually('the sound group is attended to', async () => Promise.resolve(steps.sound >= 3), 5_000);
    assert.ok(steps.broken >= 1 && steps.broken <= steps.sound);
    isKafkaAway = false;
    await eventually('copies are tried again', async () => Promise.resolve(copied > 0), 5_000);
    stopping.abort();
    await running;
  });
});
