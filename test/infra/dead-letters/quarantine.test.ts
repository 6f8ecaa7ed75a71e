/** Events that fail for good: their dead letters, the quarantine of their streams, and redrives. */
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { noCounts } from '../../../infra/consumption/status/outcome-counts';
import { CircuitOpen } from '../../../infra/consumption/intake/failure-rate-limit';
import { TransientEventError, fingerprintOf } from '../../../infra/consumption/intake/failures';
import { batchSizes } from '../../../infra/dead-letters/redrive/redrives';
import type { LogRecord } from '../../../infra/kafka/event-log';
import { spec } from '../../spec';
import { failureWorld, noteRecord, type GroupOptions } from './failure-world';
import { oldRelease, storedNotes, type NoteEvent } from './notes';

/** The records of events, each at its offset in its partition. */
const logOf = (stored: ReadonlyArray<StoredEvent>): ReadonlyArray<LogRecord> => {
  const ends = [0, 0];
  return stored.map((event) => {
    const { partition } = noteRecord(event, 0);
    const offset = ends[partition] ?? 0;
    ends[partition] = offset + 1;
    return noteRecord(event, offset);
  });
};

const openedWith = (story: ReadonlyArray<NoteEvent>, options: GroupOptions = {}) => {
  const stored = storedNotes(story);
  const world = failureWorld(stored);
  return { ...world, stored, log: logOf(stored), process: world.start({ catalog: oldRelease, ...options }) };
};

const textsOf = (headers: LogRecord['headers']) =>
  headers.map(([name, value]) => ({ name, value: value.toString('utf8') }));

const bad = (id: string, cause: unknown): GroupOptions => ({
  handle: (event) => {
    if (event.id !== id) return 'applied';
    throw cause;
  },
});

const settled = (process: { readonly step: () => { readonly events: number | undefined } }): void => {
  while (process.step().events !== undefined);
};

spec('an event that fails for good', ({ test }) => {
  const classes: ReadonlyArray<readonly [string, NoteEvent, GroupOptions, keyof ReturnType<typeof noCounts>, RegExp]> =
    [
      ['malformed', { stream: 'note-a', text: 'far too long for it' }, {}, 'malformed', /\/text: must be short text/],
      [
        'unknown-contract',
        { stream: 'note-a', schemaVersion: 2 },
        {},
        'unknownContract',
        /version 2; this program knows up to 1/,
      ],
      [
        'unknown-contract',
        { stream: 'note-a', type: 'NoteErased' },
        {},
        'unknownContract',
        /no contract is named 'NoteErased'/,
      ],
      [
        'rejected',
        { stream: 'note-a' },
        { handle: ({ id }) => (id === 'note-a@1' ? { class: 'rejected', reason: 'no' } : 'applied') },
        'rejected',
        /^no$/,
      ],
      ['defect', { stream: 'note-a' }, bad('note-a@1', new TypeError('x is undefined')), 'defect', /x is undefined/],
      [
        'defect',
        { stream: 'note-a' },
        {
          finish: (events) => {
            if (events.some(({ id }) => id === 'note-a@1')) throw new Error('no such column');
          },
        },
        'defect',
        /no such column/,
      ],
    ];
  for (const [name, told, options, counted, reason] of classes) {
    test(`(${name}: ${String(reason)}) is dead-lettered and its stream quarantined, and every other stream continues`, () => {
      const world = openedWith([told, { stream: 'note-b' }, { stream: 'note-a' }, { stream: 'note-b' }], options);
      const outcome = world.process.deliver(world.log);
      assert.equal(outcome, { ...noCounts(), applied: 2, parked: 1, [counted]: 1 });
      assert.equal(world.diary(), ['note-b@1', 'note-b@2']);
      const [letter, ...others] = world.reader.list({}, { limit: 9 });
      assert.equal(others, []);
      if (letter === undefined) throw new Error('there is a dead letter');
      assert.match(letter.reason, reason);
      const { id, eventId, stream, status, parked, attempts } = letter;
      assert.equal(
        { id, class: letter.class, eventId, stream, status, parked, attempts },
        { id: 'diary:1', class: name, eventId: 'note-a@1', stream: 'note-a', status: 'open', parked: 1, attempts: 1 },
      );
      const { correlationId, causationId, topic, offset, position } = letter;
      assert.equal(
        { correlationId, causationId, topic, offset, position },
        { correlationId: 'correlation of note-a', causationId: 'a request', topic: 'notes', offset: 0, position: 1 },
      );
      const detail = world.reader.find('diary', 1);
      assert.equal(detail?.headers, textsOf(world.log[0]?.headers ?? []));
      assert.is(detail?.value, null, 'the store has it');
      world.close();
    });
  }

  test('is stored with its bytes where it is not an event, and quarantines no stream', () => {
    const world = openedWith([{ stream: 'note-a' }, { stream: 'note-a' }]);
    const [first, second] = world.log;
    if (first === undefined || second === undefined) throw new Error('the log is short');
    const garbage: LogRecord = { ...first, value: Buffer.from([0xff, 0]), headers: [['odd', Buffer.from([1, 255])]] };
    assert.equal(world.process.deliver([garbage, second]), { ...noCounts(), malformed: 1, applied: 1 });
    const detail = world.reader.find('diary', 1);
    assert.is(detail?.value, Buffer.from([0xff, 0]).toString('base64'));
    assert.is(detail?.eventId, null);
    assert.is(world.waiting(), 0);
    assert.is(world.reader.select('diary', {}).preview.notRedrivable, 1);
    world.close();
  });

  test('for a transient reason rolls the batch back, and after the last retry its own stream is quarantined', () => {
    const options = bad('note-a@1', new TransientEventError('its picture is away'));
    const world = openedWith([{ stream: 'note-b' }, { stream: 'note-a' }], { ...options, exhausted: 'quarantine' });
    assert.throws(() => world.process.deliver(world.log), /picture/);
    assert.equal(world.diary(), []);
    assert.equal(world.process.deliver(world.log, 7), { ...noCounts(), applied: 1, transient: 1 });
    assert.is(world.reader.find('diary', 1)?.attempts, 7);
    world.close();
    const halting = openedWith([{ stream: 'note-b' }, { stream: 'note-a' }], { ...options, exhausted: 'halt' });
    assert.throws(() => halting.process.deliver(halting.log, 7), /picture/);
    halting.close();
  });

  test('has the fingerprint of its cause, regardless of the event', () => {
    const print = (reason: string, where = 'project in order-summary.js'): string =>
      fingerprintOf('g', { class: 'defect', reason, where });
    assert.is(print("order 'o17' has 3 lines"), print("order 'o9' has 12 lines"));
    assert.is.not(print('a'), print('b'));
    assert.is.not(print('a'), print('a', 'elsewhere'));
    assert.is.not(
      fingerprintOf('g', { class: 'defect', reason: 'a' }),
      fingerprintOf('h', { class: 'defect', reason: 'a' }),
    );
  });
});

spec('the circuit breaker', ({ test }) => {
  const policy = { recentKeys: 100, share: 0.1, leastKeys: 5, leastKeysAfterTrip: 2 };
  const keys = (count: number, of = 'k'): ReadonlyArray<NoteEvent> =>
    Array.from({ length: count }, (_, index) => ({ stream: `note-${of}${index}` }));
  const failing = (pattern: RegExp): GroupOptions => ({
    breakerPolicy: policy,
    handle: ({ id }) => {
      if (pattern.test(id)) throw new Error('the release is broken');
      return 'applied';
    },
  });

  test('quarantines nothing where a release fails for every stream, gives the reason, and is stricter after a restart', () => {
    const world = openedWith(keys(60), failing(/./));
    assert.throws(
      () => world.process.deliver(world.log),
      (error: unknown) =>
        error instanceof CircuitOpen && /60 of the last 60 streams.*the release is broken/.test(error.message),
    );
    assert.is(world.waiting(), 0);
    const again = world.start({ catalog: oldRelease, ...failing(/./) });
    assert.throws(() => again.deliver(world.log.slice(0, 2)), /2 of the last 2 streams/);
    assert.is(world.waiting(), 0);
    const fixed = world.start({ catalog: oldRelease, breakerPolicy: policy });
    assert.is(fixed.deliver(world.log).applied, 60);
    world.close();
  });

  test('accepts a bounded share of bad streams', () => {
    const world = openedWith(keys(100), failing(/note-k\d0@/));
    assert.is(world.process.deliver(world.log).defect, 9);
    world.close();
  });
});

spec('a redrive', ({ test }) => {
  const story: ReadonlyArray<NoteEvent> = [
    { stream: 'note-a' },
    { stream: 'note-b' },
    { stream: 'note-a' },
    { stream: 'note-a' },
  ];

  test('has a preview', () => {
    const world = openedWith(story, bad('note-a@1', new Error('broken')));
    world.process.deliver(world.log);
    const { letters, preview } = world.reader.select('diary', {});
    assert.equal(letters, [1]);
    assert.equal([preview.keys, preview.events, preview.classes], [1, 3, { defect: 1 }]);
    assert.equal([preview.schemaVersions, preview.notRedrivable], [{ 'NoteTaken/1': 1 }, 0]);
    assert.match(preview.oldest ?? '', /^20/);
    world.close();
  });

  test('applies a stream in order, and the dead letter names the actor', () => {
    const world = openedWith(story, bad('note-a@1', new Error('broken')));
    world.process.deliver(world.log);
    const fixed = world.start();
    const id = world.redriveAll();
    fixed.takeRequests();
    settled(fixed);
    assert.equal(world.diary(), ['note-b@1', 'note-a@1', 'note-a@2', 'note-a@3']);
    assert.is(world.waiting(), 0);
    assert.is(world.reader.redrive(id)?.state, 'done');
    assert.equal(world.reader.redrive(id)?.keys, { waiting: 0, done: 1, failed: 0, gone: 0 });
    const audit = world.reader.find('diary', 1)?.audit ?? [];
    assert.equal(
      audit.map(({ action, actor }) => [action, actor]),
      [['redriven', 'ada']],
    );
    world.close();
  });

  test('halts at the first failure with the same cause, and continues once that is fixed', () => {
    const ten = Array.from({ length: 10 }, (_, index) => ({ stream: `note-${index}` }));
    const broken: GroupOptions = {
      handle: () => {
        throw new Error('still broken');
      },
    };
    const world = openedWith(ten, broken);
    world.process.deliver(world.log);
    const id = world.redriveAll();
    world.process.takeRequests();
    settled(world.process);
    const halted = world.reader.redrive(id);
    assert.is(halted?.state, 'halted');
    assert.match(halted?.reason ?? '', /note-0 failed again for the same cause.*still broken/);
    assert.equal(halted?.keys, { waiting: 9, done: 0, failed: 1, gone: 0 });
    assert.is(world.reader.find('diary', 1)?.attempts, 2);
    world.ask('redrive-run', { group: 'diary', redrive: id });
    const fixed = world.start();
    fixed.takeRequests();
    settled(fixed);
    assert.is(world.reader.redrive(id)?.state, 'done');
    assert.is(world.diary().length, 10);
    world.close();
  });

  test('continues with other streams where another cause is found', () => {
    const world = openedWith([{ stream: 'note-a' }, { stream: 'note-b' }], {
      handle: () => {
        throw new Error('first cause');
      },
    });
    world.process.deliver(world.log);
    const id = world.redriveAll();
    const other = world.start(bad('note-a@1', new Error('quite another one')));
    other.takeRequests();
    settled(other);
    assert.equal(world.reader.redrive(id)?.keys, { waiting: 0, done: 1, failed: 1, gone: 0 });
    assert.equal(world.diary(), ['note-b@1']);
    world.close();
  });

  test('does nothing while it is paused', () => {
    const world = openedWith(story, bad('note-a@1', new Error('broken')));
    world.process.deliver(world.log);
    const fixed = world.start();
    const id = world.redriveAll();
    world.ask('redrive-pause', { group: 'diary', redrive: id });
    fixed.takeRequests();
    settled(fixed);
    assert.is(world.reader.redrive(id)?.state, 'paused');
    assert.is(world.waiting(), 1);
    world.close();
  });

  test('processes one stream, then 5 %, then 25 %, then the rest', () => {
    assert.equal(batchSizes(100), [1, 5, 25, 69]);
    assert.equal(batchSizes(1), [1]);
    assert.equal(batchSizes(3), [1, 1, 1]);
    for (let count = 0; count < 200; count += 1) {
      assert.is(
        batchSizes(count).reduce((sum, size) => sum + size, 0),
        count,
      );
    }
  });
});

spec('a dead letter that operators work on', ({ test }) => {
  const opened = () => {
    const world = openedWith([{ stream: 'note-a' }, { stream: 'note-a' }], bad('note-a@1', new Error('broken')));
    world.process.deliver(world.log);
    return world;
  };
  const letter = { group: 'diary', letter: 1 };

  test('has an owner, notes, and an audit that cannot be changed', () => {
    const world = opened();
    const assigned = world.ask('dead-letter-assign', { ...letter, owner: 'grace' });
    world.ask('dead-letter-note', { ...letter, note: 'since the release of Monday' });
    world.process.takeRequests();
    const detail = world.reader.find('diary', 1);
    assert.equal([detail?.status, detail?.owner], ['assigned', 'grace']);
    assert.equal(
      detail?.audit.map(({ action, actor, detail: words }) => [action, actor, words]),
      [
        ['assigned', 'ada', 'grace'],
        ['noted', 'ada', 'since the release of Monday'],
      ],
    );
    assert.is(detail?.audit[0]?.requestId, assigned);
    for (const sql of ["UPDATE dead_letter_audit SET actor = 'nobody'", 'DELETE FROM dead_letter_audit']) {
      assert.throws(() => world.database.exec(sql), /the audit never/);
    }
    world.close();
  });

  test('is discarded with a reason: the group skips the event, and so does a replay', () => {
    const world = opened();
    world.ask('dead-letter-discard', { ...letter, reason: 'a duplicate of note-b' });
    world.process.takeRequests();
    settled(world.process);
    assert.equal(world.diary(), ['note-a@2']);
    assert.is(world.waiting(), 0);
    assert.is(world.reader.find('diary', 1)?.status, 'discarded');
    assert.match(world.reader.find('diary', 1)?.audit[0]?.detail ?? '', /duplicate of note-b/);
    world.database.exec('UPDATE checkpoints SET next_offset = 0, high_water_position = 0');
    const again = world.start({ catalog: oldRelease, ...bad('note-a@1', new Error('broken')) });
    assert.equal(again.deliver(world.log), { ...noCounts(), skipped: 1, applied: 1 });
    world.close();
  });

  test('of another group, or with an unknown number, cannot be changed', () => {
    const world = opened();
    world.ask('dead-letter-discard', { group: 'others', letter: 1, reason: 'x' });
    world.ask('dead-letter-discard', { ...letter, letter: 99, reason: 'x' });
    assert.is(world.process.takeRequests(), 2);
    assert.is(world.reader.find('diary', 1)?.status, 'open');
    assert.is(world.process.takeRequests(), 0);
    world.close();
  });
});

spec('a rebuild that replaces a group', ({ test }) => {
  test('keeps its own dead letters, resolves the ones that it could apply, and keeps owners', () => {
    const world = openedWith(
      ['a', 'b', 'c'].map((name) => ({ stream: `note-${name}` })),
      {
        handle: ({ stream }) => {
          if (stream === 'note-c') return 'applied';
          throw new Error('broken');
        },
      },
    );
    world.process.deliver(world.log);
    world.ask('dead-letter-assign', { group: 'diary', letter: 2, owner: 'grace' });
    world.process.takeRequests();
    const { letters } = world.process.failures.operatorRequests;
    // The rebuild could apply note-a, but neither note-b nor note-c.
    world.database.exec(`
      INSERT INTO dead_letters SELECT 10, 'rebuild-7', event_id, stream, position, type, schema_version, correlation_id,
        causation_id, topic, "partition", "offset", log_id, timestamp_ms, "key", headers, value, class, 'worse', fingerprint,
        1, 0, 0, 'open', NULL, NULL, 1 FROM dead_letters WHERE id = 2;
      INSERT INTO dead_letters SELECT 11, 'rebuild-7', 'note-c@1', 'note-c', 3, type, schema_version, correlation_id,
        causation_id, topic, "partition", 9, log_id, timestamp_ms, "key", headers, value, class, 'new', fingerprint,
        1, 0, 0, 'open', NULL, NULL, 1 FROM dead_letters WHERE id = 2;
      INSERT INTO quarantined_keys VALUES ('rebuild-7', 'note-b', 'notes', 'b', 10, 2, 0), ('rebuild-7', 'note-c', 'notes', 'c', 11, 3, 0);
    `);
    assert.is(world.reader.list({}, { limit: 9 }).length, 2, 'what a build sets aside is not for people yet');
    letters.adopt('rebuild-7', 'diary');
    const found = world.reader
      .list({}, { limit: 9 })
      .map(({ id, status, owner, reason }) => [id, status, owner, reason]);
    assert.equal(found, [
      ['diary:11', 'open', null, 'new'],
      ['diary:2', 'assigned', 'grace', 'worse'],
      ['diary:1', 'redriven', null, 'broken'],
    ]);
    assert.equal(world.reader.select('diary', {}).letters, [2, 11]);
    world.close();
  });
});
