/**
 * Whatever fails, repeats, is killed or is taken over, and in whatever order operators redrive: in the end the rows are those of
 * a run in which nothing failed, and every key has seen its events in order, each once.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { RecordedEvent, StoredEvent } from '../../../domain/kernel/recorded-event';
import { CheckpointMoved } from '../../../infra/consumption/checkpoints';
import { EventNotNow } from '../../../infra/consumption/failures';
import type { LogRecord } from '../../../infra/kafka/event-log';
import { spec } from '../../spec';
import {
  failureWorld,
  Killed,
  newRelease,
  noteRecord,
  oldRelease,
  storedNotes,
  type FailureWorld,
  type GroupOptions,
  type GroupProcess,
  type Told,
} from './failure-world';

const STREAMS = ['note-a', 'note-b', 'note-c', 'note-d', 'note-e'];

/** What is wrong with an event, until the fix is released. */
type Fault =
  'none' | 'malformed' | 'unknown version' | 'unknown name' | 'rejected' | 'defect' | 'breaks the batch' | 'transient';

const faults: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Fault>('none') },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Fault>(
      'malformed',
      'unknown version',
      'unknown name',
      'rejected',
      'defect',
      'breaks the batch',
      'transient',
    ),
  },
);

const tell = (stream: string, fault: Fault): Told => {
  switch (fault) {
    case 'malformed':
      return { stream, text: 'longer than the old release takes' };
    case 'unknown version':
      return { stream, schemaVersion: 2 };
    case 'unknown name':
      return { stream, type: 'NoteErased' };
    default:
      return { stream, text: fault };
  }
};

const schedules = fc.record({
  story: fc.array(fc.tuple(fc.constantFrom(...STREAMS), faults), { minLength: 1, maxLength: 40 }),
  choices: fc.infiniteStream(fc.nat({ max: 1_000_000 })),
});

const textOf = ({ data }: RecordedEvent): string => (data as { readonly text?: string }).text ?? '';

/** A release that still has the fault, or one that has not. */
const release = (isFixed: () => boolean, transientLeft: Map<string, number>): GroupOptions => ({
  catalog: isFixed() ? newRelease : oldRelease,
  exhausted: 'quarantine',
  handle: (event) => {
    const left = transientLeft.get(event.id) ?? 0;
    if (textOf(event) === 'transient' && left > 0) {
      transientLeft.set(event.id, left - 1);
      throw new EventNotNow('what it needs is away');
    }
    if (isFixed()) return 'applied';
    if (textOf(event) === 'rejected') return { class: 'rejected', reason: 'the business said no' };
    if (textOf(event) === 'defect') throw new TypeError('undefined is not a number');
    return 'applied';
  },
  finish: (events) => {
    if (!isFixed() && events.some((event) => textOf(event) === 'breaks the batch')) throw new Error('no such column');
  },
});

/** The whole life of a group, by a stream of choices. */
class Life {
  private readonly world: FailureWorld;
  private readonly logs: [LogRecord[], LogRecord[]] = [[], []];
  private readonly unsent: StoredEvent[];
  private readonly transientLeft = new Map<string, number>();
  private isFixed = false;
  private process: GroupProcess;
  /** Another process that believes that it runs the group. */
  private zombie: GroupProcess | undefined;
  readonly seen = new Set<string>();

  constructor(
    private readonly stored: ReadonlyArray<StoredEvent>,
    private readonly choose: (below: number) => number,
  ) {
    this.world = failureWorld(stored);
    this.unsent = [...stored];
    for (const { id } of stored) this.transientLeft.set(id, choose(4));
    this.process = this.start();
  }

  private start(): GroupProcess {
    return this.world.start(release(() => this.isFixed, this.transientLeft));
  }

  /** The relay publishes some more; now and then what was published comes again. */
  private publish(): void {
    for (const event of this.unsent.splice(0, 1 + this.choose(6))) {
      const { partition } = noteRecord(event, 0);
      const log = this.logs[partition === 0 ? 0 : 1];
      log.push(noteRecord(event, log.length));
      const again = this.choose(5) === 0 ? log[this.choose(log.length)] : undefined;
      if (again !== undefined) log.push({ ...again, offset: log.length });
    }
  }

  private deliverTo(process: GroupProcess, offsets: readonly [number, number]): void {
    const records = this.logs.flatMap((log, partition) => {
      const from = offsets[partition] ?? 0;
      return log.slice(from, from + this.choose(8));
    });
    if (records.length === 0) return;
    const fate = this.choose(6) === 0 ? 'killed' : undefined;
    try {
      const outcome = process.deliver(records, fate, this.choose(3) === 0 ? 3 : undefined);
      for (const [name, count] of Object.entries(outcome)) if (count > 0) this.seen.add(name);
    } catch (error) {
      if (error instanceof Killed) {
        this.seen.add('killed');
        if (process === this.process) this.process = this.start();
      } else if (error instanceof CheckpointMoved) {
        this.seen.add('zombie');
        this.zombie = undefined;
        this.process = this.start();
      } else if (!(error instanceof EventNotNow)) throw error;
      else this.seen.add('retried');
    }
  }

  private offsets(): readonly [number, number] {
    return [this.world.nextOffset(0), this.world.nextOffset(1)];
  }

  private redriveStep(): void {
    const fate = this.choose(5) === 0 ? 'killed' : undefined;
    try {
      this.process.takeRequests();
      const { events } = this.process.step(fate);
      if (events !== undefined && events > 0) this.seen.add('redriven');
    } catch (error) {
      if (error instanceof Killed) {
        this.seen.add('killed in a redrive');
        this.process = this.start();
      } else if (!(error instanceof EventNotNow)) throw error;
    }
  }

  act(): void {
    switch (this.choose(8)) {
      case 0:
      case 1:
        this.publish();
        return;
      case 2:
        // A rebalance: another one takes over, and this one does not know yet.
        this.zombie = this.process;
        this.staleOffsets = this.offsets();
        this.process = this.start();
        return;
      case 3:
        if (this.zombie !== undefined) this.deliverTo(this.zombie, this.staleOffsets);
        return;
      case 4:
        this.world.redriveAll();
        return;
      case 5:
        this.redriveStep();
        return;
      default:
        this.deliverTo(this.process, this.offsets());
    }
  }

  private staleOffsets: readonly [number, number] = [0, 0];

  /** The fix is released, everything is delivered, and all that waits is redriven. */
  settle(): void {
    this.isFixed = true;
    this.transientLeft.clear();
    this.process = this.start();
    while (this.unsent.length > 0) this.publish();
    for (let turn = 0; turn < 10_000; turn += 1) {
      const [left, right] = this.offsets();
      const isRead = left >= this.logs[0].length && right >= this.logs[1].length;
      if (!isRead) this.deliverTo(this.process, [left, right]);
      if (turn % 7 === 0) this.world.redriveAll();
      this.redriveStep();
      if (isRead && this.world.waiting() === 0) return;
    }
    throw new Error('what waits is never redriven');
  }

  check(): void {
    const diary = this.world.diary();
    for (const stream of STREAMS) {
      const expected = this.stored.filter((event) => event.stream === stream).map(({ id }) => id);
      const found = diary.filter((id) => id.startsWith(`${stream}@`));
      assert.equal(found, expected, `${stream} has seen its events in order, each once`);
    }
    assert.is(diary.length, this.stored.length);
    const left = this.world.database.prepare('SELECT * FROM parked_events UNION ALL SELECT * FROM parked_events').all();
    assert.equal(left, []);
    assert.equal(this.world.database.prepare('SELECT * FROM stale_rows').all(), []);
    const open = this.world.reader.list({}, { limit: 1_000 }).filter(({ status }) => status !== 'redriven');
    assert.equal(open, []);
    this.world.close();
  }
}

spec('random schedules of failures, kills, take-overs and redrives', ({ test }) => {
  const seen = new Set<string>();

  test(
    'end in the rows of a run without failures, every key in order',
    () => {
      fc.assert(
        fc.property(schedules, fc.integer({ min: 5, max: 60 }), ({ story, choices }, acts) => {
          const stored = storedNotes(story.map(([stream, fault]) => tell(stream, fault)));
          const life = new Life(stored, (below) => (below <= 0 ? 0 : (choices.next().value as number) % below));
          for (let act = 0; act < acts; act += 1) life.act();
          life.settle();
          life.check();
          for (const each of life.seen) seen.add(each);
        }),
        { seed: 20_171_124, numRuns: 2_000 },
      );
    },
    { timeoutMs: 240_000 },
  );

  test('have met everything that can happen', () => {
    const expected = [
      'applied',
      'duplicates',
      'parked',
      'malformed',
      'unknownContract',
      'rejected',
      'defect',
      'transient',
      'retried',
      'killed',
      'killed in a redrive',
      'zombie',
      'redriven',
    ];
    for (const each of expected) assert.ok(seen.has(each), `${each} was never seen`);
  });
});
