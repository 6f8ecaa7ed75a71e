/**
 * What every consumer's file has to be, whatever keeps it: effects, checkpoints, dead letters, what is parked and the state
 * of processes move together, under a lease, or not at all. Any implementation runs it with a factory of its own.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  CheckpointMoved,
  type Checkpoint,
  type CheckpointMove,
} from '../../../infra/consumption/checkpoints/checkpoints';
import type { FailedEvent, FailureClass } from '../../../infra/consumption/intake/intake';
import type { GroupStatus } from '../../../infra/consumption/status/status';
import type { ConsumerFile } from '../../../infra/dead-letters/redrive/redrive';
import { FOREIGN_LIMITS } from '../../../infra/dead-letters/store/store';
import { LeaseLost } from '../../../infra/lease-lost';
import type { ProcessRows } from '../../../infra/reactors/processes/processes';
import { spec } from '../../spec';
import { command } from '../reactors/commands';

/** A file under test, empty. */
export interface ConsumerFileUnderTest {
  readonly file: ConsumerFile & { readonly processes: ProcessRows };
  /** What other processes read. */
  readonly statuses: () => ReadonlyArray<GroupStatus>;
  /** Another process takes the file over. */
  readonly takeOver: () => void;
  readonly close: () => void;
}

const GROUP = 'group';
const BY_ADA = { actor: 'ada', requestId: 7 };

const checkpoint = (partition = 0, nextOffset = 0, highWaterPosition = 0): Checkpoint => ({
  topic: 'notes',
  partition,
  logId: 'log',
  nextOffset,
  highWaterPosition,
});

const moved = (partition: number, fromOffset: number, nextOffset: number, highWater: number): CheckpointMove => ({
  ...checkpoint(partition, nextOffset, highWater),
  fromLogId: 'log',
  fromOffset,
});

const HEADERS: ReadonlyArray<readonly [string, Buffer]> = [
  ['ce_id', Buffer.from('a@1')],
  ['twice', Buffer.from([0, 255, 254, 10, 13])],
  ['twice', Buffer.alloc(0)],
  ['__proto__', Buffer.from('no prototype')],
];
const KEY = Buffer.from([0, 159, 146, 150]);
const VALUE = Buffer.from([123, 0, 255, 128, 10]);

const envelopeOf = (stream: string, version: number, position: number) => ({
  id: `${stream}@${version}`,
  stream,
  version,
  position,
  type: 'NoteTaken',
  schemaVersion: 1,
  recordedAt: '2026-01-01T00:00:00.000Z',
  correlationId: 'c',
  causationId: 'c',
  actor: 'ada',
});

const originAt = (offset: number, logId = 'log'): FailedEvent['origin'] => ({
  topic: 'notes',
  partition: 0,
  offset,
  logId,
  timestampMs: 1_700_000_000_000,
  key: KEY,
  headers: HEADERS,
  value: () => VALUE,
});

const failedEvent = (stream: string, position: number, failureClass: FailureClass = 'rejected'): FailedEvent => ({
  consumer: GROUP,
  group: GROUP,
  envelope: envelopeOf(stream, 1, position),
  origin: originAt(position),
  failure: { class: failureClass, reason: 'the rule says no' },
  attempts: 2,
  rows: ['row'],
});

const withoutEvent = (offset: number, failureClass: FailureClass): FailedEvent => ({
  ...failedEvent('note-x', offset, failureClass),
  envelope: undefined,
});

class Broken extends Error {}

const statusOf = (group: string): GroupStatus => ({
  group,
  state: 'running',
  reason: null,
  since: '2026-01-01T00:00:00.000Z',
  lag: 3,
  outcomes: {} as GroupStatus['outcomes'],
  partitions: [],
  updatedAt: '2026-01-01T00:00:00.000Z',
});

/** Everything that can be asked of a file, as one value. */
const contentOf = ({ file, statuses }: ConsumerFileUnderTest): unknown => ({
  checkpoints: file.checkpoints.read(GROUP),
  statuses: statuses(),
  streams: [...file.quarantine.streams(GROUP)],
  parked: file.parked.next(GROUP, 'note-a', 100),
  quarantined: file.parked.quarantined(GROUP),
  head: file.letters.headOf(GROUP, 'note-a')?.status,
  copies: file.copies.waiting(GROUP, 100).length,
  defects: file.defects.waiting(100).length,
  isTripped: file.breakers.isTripped(GROUP),
  requests: file.requests.position(),
  running: file.redrives.running(),
  offsetRequests: file.offsetRequests.open(),
  version: file.processes.version(GROUP),
  state: file.processes.state(GROUP, 'i'),
  pending: file.processes.pending(GROUP),
  due: file.processes.deadlinesDue(GROUP, 1_000, 10),
});

/** Writes into every table. */
const writeEverywhere = ({ file }: ConsumerFileUnderTest): void => {
  file.checkpoints.begin(GROUP, checkpoint());
  file.checkpoints.move(GROUP, moved(0, 0, 5, 9));
  file.writeStatus(statusOf(GROUP));
  const letter = file.quarantine.setAside(failedEvent('note-a', 3, 'defect'));
  file.quarantine.park(GROUP, envelopeOf('note-a', 2, 4), originAt(4), ['row']);
  file.letters.assign(letter, 'bob', BY_ADA);
  file.breakers.trip(GROUP, 'too many');
  file.requests.moveTo(12);
  const preview = {};
  file.redrives.plan(1, 'ada', { group: GROUP, letters: [letter], ratePerSecond: 10, preview });
  file.redrives.run(1);
  const move = { topic: 'notes', partition: 0, logId: 'log', fromOffset: 5, toOffset: 4 };
  file.offsetRequests.add(3, JSON.stringify({ group: GROUP, moves: [move] }), 'ada');
  file.noteOffsetMove({ group: GROUP, ...move }, 'ada');
  file.processes.begin(GROUP, 2);
  file.processes.writeState(GROUP, 'i', '{"n":1}');
  file.processes.issue(GROUP, 'i', command('i/1'));
  file.processes.addDeadline(GROUP, { id: 'd', instance: 'other', dueAtMs: 500 });
};

/** Declares the contract's tests. */
export const consumerFileContract = (name: string, make: () => Promise<ConsumerFileUnderTest>): void => {
  const inFile = (work: (under: ConsumerFileUnderTest) => void) => async (): Promise<void> => {
    const under = await make();
    try {
      work(under);
    } finally {
      under.close();
    }
  };

  spec(`${name}: a transaction`, ({ test }) => {
    test(
      'writes all or nothing: a throw takes back every table, and the next one goes through',
      inFile((under) => {
        const empty = contentOf(under);
        const failing = (): void =>
          under.file.write(() => {
            writeEverywhere(under);
            assert.not.equal(contentOf(under), empty, 'it reads what it has written');
            throw new Broken();
          });
        assert.throws(failing, (error: unknown) => error instanceof Broken);
        assert.equal(contentOf(under), empty);
        under.file.write(() => writeEverywhere(under));
        assert.not.equal(contentOf(under), empty);
      }),
    );

    test(
      'keeps what came before a savepoint that fails, and what comes after it',
      inFile((under) => {
        const { file } = under;
        file.write(() => {
          file.checkpoints.begin(GROUP, checkpoint(0, 1));
          const failing = (): void =>
            file.savepoint(() => {
              writeEverywhere(under);
              throw new Broken();
            });
          assert.throws(failing);
          file.checkpoints.begin(GROUP, checkpoint(1, 2));
        });
        assert.equal(file.checkpoints.read(GROUP), [checkpoint(0, 1), checkpoint(1, 2)]);
        assert.equal([...file.quarantine.streams(GROUP)], []);
      }),
    );

    test(
      'answers what its work answers',
      inFile(({ file }) =>
        assert.is(
          file.write(() => file.savepoint(() => 42)),
          42,
        ),
      ),
    );

    test(
      'is refused to a process that has lost the lease, before its work and with nothing written',
      inFile((under) => {
        under.file.write(() => under.file.checkpoints.begin(GROUP, checkpoint()));
        const before = contentOf(under);
        under.takeOver();
        for (const attempt of [1, 2]) {
          const late = (): void => under.file.write(() => writeEverywhere(under));
          assert.throws(late, (error: unknown) => error instanceof LeaseLost, `attempt ${attempt}`);
        }
        assert.equal(contentOf(under), before);
      }),
    );

    test(
      'moves the state of a process, its commands and its checkpoints together',
      inFile(({ file }) => {
        const learn = (from: number, isBroken: boolean): void =>
          file.write(() => {
            file.processes.writeState(GROUP, 'i', `state ${from}`);
            file.processes.issue(GROUP, 'i', command(`i/${from}`));
            file.processes.addDeadline(GROUP, { id: `d${from}`, instance: 'i', dueAtMs: from });
            file.checkpoints.move(GROUP, moved(0, from, from + 1, from + 1));
            if (isBroken) throw new Broken();
          });
        file.write(() => file.checkpoints.begin(GROUP, checkpoint()));
        learn(0, false);
        assert.throws(() => learn(1, true));
        // A zombie that reads the same record again: nothing of it counts.
        assert.throws(
          () => learn(0, false),
          (error: unknown) => error instanceof CheckpointMoved,
        );
        assert.is(file.processes.state(GROUP, 'i'), 'state 0');
        assert.equal(
          file.processes.pending(GROUP).map((each) => each.command.id),
          ['i/0'],
        );
        assert.equal(
          file.processes.deadlinesDue(GROUP, 10, 10).map(({ id }) => id),
          ['d0'],
        );
        assert.equal(file.checkpoints.read(GROUP), [checkpoint(0, 1, 1)]);
      }),
    );
  });

  spec(`${name}: checkpoints`, ({ test }) => {
    test('do what a map with compare-and-swap does, whatever comes, and their marks never go back', async () => {
      const at = fc.record({ partition: fc.nat(2), from: fc.nat(3), to: fc.nat(3), position: fc.nat(5) });
      const steps = fc.array(
        fc.record({
          kind: fc.constantFrom('begin', 'move', 'raise', 'remove', 'fail' as const),
          at,
          isFailing: fc.boolean(),
        }),
        { maxLength: 30 },
      );
      const under = await make();
      let runs = 0;
      fc.assert(
        fc.property(steps, (all) => {
          const group = `group-${(runs += 1)}`;
          checkAgainstModel(under.file, group, all);
        }),
        { numRuns: 60, seed: 20_261_125 },
      );
      under.close();
    });

    test(
      'of one consumer are nothing to another, and come in the order of topics and partitions',
      inFile(({ file }) => {
        const places = [
          { ...checkpoint(10), topic: 'b' },
          { ...checkpoint(9), topic: 'b' },
          { ...checkpoint(1), topic: 'a' },
        ];
        file.write(() => places.forEach((place) => file.checkpoints.begin(GROUP, place)));
        file.write(() => file.checkpoints.begin('other', checkpoint(0, 7)));
        const expected = [...places].reverse();
        assert.equal(file.checkpoints.read(GROUP), expected);
        file.write(() => file.checkpoints.remove(GROUP));
        assert.equal([file.checkpoints.read(GROUP).length, file.checkpoints.read('other').length], [0, 1]);
      }),
    );
  });

  quarantineContract(name, inFile);
};

interface Step {
  readonly kind: string;
  readonly at: { readonly partition: number; readonly from: number; readonly to: number; readonly position: number };
  readonly isFailing: boolean;
}

const checkAgainstModel = (file: ConsumerFile, group: string, steps: ReadonlyArray<Step>): void => {
  let model = new Map<number, Checkpoint>();
  for (const { kind, at, isFailing } of steps) {
    const { partition, from, to, position } = at;
    const known = model.get(partition);
    const next = new Map(model);
    let isRefused = false;
    if (kind === 'begin' && known === undefined) next.set(partition, checkpoint(partition, from, position));
    if (kind === 'raise' && known !== undefined)
      next.set(partition, { ...known, highWaterPosition: Math.max(known.highWaterPosition, position) });
    if (kind === 'remove') next.clear();
    if (kind === 'move') {
      isRefused = known?.nextOffset !== from;
      if (known !== undefined)
        next.set(partition, checkpoint(partition, to, Math.max(known.highWaterPosition, position)));
    }
    const work = (): void => {
      if (kind === 'begin') file.checkpoints.begin(group, checkpoint(partition, from, position));
      if (kind === 'raise')
        file.checkpoints.raiseEach(group, [{ topic: 'notes', partition, highWaterPosition: position }]);
      if (kind === 'remove') file.checkpoints.remove(group);
      if (kind === 'move') file.checkpoints.move(group, moved(partition, from, to, position));
      if (isFailing) throw new Broken();
    };
    const expected = isRefused ? CheckpointMoved : isFailing ? Broken : undefined;
    if (expected === undefined) file.write(work);
    else
      assert.throws(
        () => file.write(work),
        (error: unknown) => error instanceof expected,
      );
    if (expected === undefined) model = next;
    assert.equal(
      file.checkpoints.read(group),
      [...model.values()].sort((left, right) => left.partition - right.partition),
    );
  }
};

type InFile = (work: (under: ConsumerFileUnderTest) => void) => () => Promise<void>;

const quarantineContract = (name: string, inFile: InFile): void => {
  spec(`${name}: dead letters`, ({ test }) => {
    test(
      'close their stream, and what is parked behind them comes back in the order of the store',
      inFile(({ file }) => {
        file.write(() => {
          file.quarantine.setAside(failedEvent('note-a', 3));
          for (const position of [30, 4, 200, 4])
            file.quarantine.park(GROUP, envelopeOf('note-a', position, position), originAt(position), []);
          file.quarantine.park(GROUP, envelopeOf('note-b', 1, 5), originAt(5), []);
        });
        assert.equal([...file.quarantine.streams(GROUP)], ['note-a']);
        assert.equal([...file.quarantine.streams('other')], []);
        const positions = (limit: number) => file.parked.next(GROUP, 'note-a', limit).map(({ position }) => position);
        assert.equal(
          [positions(10), positions(2)],
          [
            [4, 30, 200],
            [4, 30],
          ],
        );
        assert.is(file.parked.next(GROUP, 'note-a', 1)[0]?.eventId, 'note-a@4');
        file.write(() => file.parked.remove(GROUP, 'note-a', 4));
        assert.equal(positions(10), [30, 200]);
        assert.is(file.parked.openable(GROUP), undefined, 'its dead letter is not out of the way');
        file.write(() => file.letters.redriven(file.letters.headOf(GROUP, 'note-a')?.id ?? 0, 'applied', BY_ADA));
        assert.is(file.parked.openable(GROUP), 'note-a');
        file.write(() => file.parked.open(GROUP, 'note-a'));
        assert.equal([file.parked.quarantined(GROUP), [...file.quarantine.streams(GROUP)]], [0, []]);
      }),
    );

    test(
      'keep key, value and headers byte for byte, in their order, and say why behind them',
      inFile(({ file }) => {
        file.write(() => file.quarantine.setAside(failedEvent('note-a', 3)));
        file.write(() => file.quarantine.setAside(withoutEvent(4, 'malformed')));
        const copies = file.copies.waiting(GROUP, 10);
        assert.is(copies.length, 2);
        for (const { key, value, headers, group } of copies) {
          assert.is(group, GROUP);
          assert.equal([Buffer.from(key ?? []), Buffer.from(value ?? [])], [KEY, VALUE]);
          const kept = headers.slice(0, HEADERS.length).map(([of, bytes]) => [of, Buffer.from(bytes)]);
          assert.equal(kept, HEADERS);
          const said = new Map(headers.slice(HEADERS.length).map(([of, text]) => [of, Buffer.from(text).toString()]));
          assert.equal([said.size, said.get('dlt-reason'), said.get('dlt-attempts')], [10, 'the rule says no', '2']);
        }
        file.write(() => file.copies.done(copies.slice(0, 1).map(({ seq }) => seq)));
        assert.equal(
          file.copies.waiting(GROUP, 10).map(({ seq }) => seq),
          [copies[1]?.seq],
        );
        file.write(() =>
          file.copies.note(GROUP, { refused: [{ seq: copies[1]?.seq ?? 0, reason: 'large' }], fault: null }),
        );
        assert.equal(file.copies.waiting(GROUP, 10), [], 'a refused copy is left alone for a while');
      }),
    );

    test(
      'are one for each event, and for each record that names none',
      inFile(({ file }) => {
        const twice = (failed: FailedEvent): ReadonlyArray<number> =>
          [1, 2].map(() => file.write(() => file.quarantine.setAside(failed)));
        const [first, second] = twice(failedEvent('note-a', 3));
        assert.is(first, second);
        const [kept, known] = twice(withoutEvent(9, 'malformed'));
        assert.ok((kept ?? 0) > 0 && known === 0);
        assert.is(file.copies.waiting(GROUP, 10).length, 2, 'each is copied once');
      }),
    );

    test(
      'say what was decided: discarded for the group, assigned with an owner, open again when it fails again',
      inFile(({ file }) => {
        const letter = file.write(() => file.quarantine.setAside(failedEvent('note-a', 3)));
        const status = () => file.letters.find(letter)?.status;
        assert.equal([status(), file.letters.headOf(GROUP, 'note-a')?.id], ['open', letter]);
        file.write(() => file.letters.assign(letter, 'bob', BY_ADA));
        assert.is(status(), 'assigned');
        file.write(() => file.letters.discard(letter, 'not needed', BY_ADA));
        assert.equal([status(), file.quarantine.isDiscarded(GROUP, 'note-a@1')], ['discarded', true]);
        assert.not(file.quarantine.isDiscarded('other', 'note-a@1'));
        file.write(() => file.quarantine.setAside(failedEvent('note-a', 3)));
        assert.is(status(), 'assigned', 'it still has its owner');
      }),
    );

    test(
      'of defects wait to be logged, once each',
      inFile(({ file }) => {
        file.write(() => file.quarantine.setAside(failedEvent('note-a', 3, 'defect')));
        file.write(() => file.quarantine.setAside(failedEvent('note-b', 4, 'rejected')));
        const waiting = file.defects.waiting(10);
        assert.equal(
          waiting.map(({ eventId }) => eventId),
          ['note-a@1'],
        );
        file.write(() => file.defects.done(waiting.map(({ id }) => id)));
        assert.equal(file.defects.waiting(10), []);
      }),
    );

    test(
      'of what came from outside block no stream, and are kept up to a bound',
      inFile(({ file }) => {
        const kept = Array.from({ length: FOREIGN_LIMITS.letters + 5 }, (_, offset) =>
          file.write(() => file.quarantine.setAside(withoutEvent(offset, 'foreign'))),
        );
        assert.is(kept.filter((id) => id > 0).length, FOREIGN_LIMITS.letters);
        assert.is(file.parked.quarantined(GROUP), 0);
      }),
    );

    test(
      'of a record whose position the store did not hold are found until the marks have passed it',
      inFile(({ file }) => {
        file.write(() => {
          file.checkpoints.begin(GROUP, checkpoint(0, 0, 10));
          file.quarantine.setAside({ ...withoutEvent(4, 'misplaced'), position: 20 });
        });
        const isFound = (last: number): boolean => file.quarantine.hasSetAsideUpTo(GROUP, last);
        assert.equal([isFound(19), isFound(20)], [false, true]);
        file.write(() => file.checkpoints.raiseEach(GROUP, [{ topic: 'notes', partition: 0, highWaterPosition: 20 }]));
        assert.not(isFound(20));
      }),
    );

    test(
      'of a rebuild become those of its group: what it could read is over, what waits moves with its queue',
      inFile(({ file }) => {
        const ofRebuild = (failed: FailedEvent): FailedEvent => ({ ...failed, consumer: 'rebuild-1' });
        const old = file.write(() => file.quarantine.setAside(failedEvent('note-a', 3)));
        const both = file.write(() => file.quarantine.setAside(failedEvent('note-b', 4)));
        file.write(() => {
          file.quarantine.setAside(ofRebuild(failedEvent('note-b', 4)));
          file.quarantine.setAside(ofRebuild(failedEvent('note-c', 5)));
          file.quarantine.park('rebuild-1', envelopeOf('note-c', 2, 6), originAt(6), []);
          file.letters.adopt('rebuild-1', GROUP);
        });
        assert.equal([file.letters.find(old)?.status, file.letters.find(both)?.status], ['redriven', 'open']);
        assert.equal([...file.quarantine.streams(GROUP)].sort(), ['note-b', 'note-c']);
        assert.is(file.letters.headOf(GROUP, 'note-b')?.id, both);
        assert.equal(file.parked.next(GROUP, 'note-c', 10), [{ position: 6, eventId: 'note-c@2' }]);
        assert.equal([...file.quarantine.streams('rebuild-1')], []);
        file.write(() => file.letters.forget(GROUP));
        assert.equal(
          [file.parked.quarantined(GROUP), file.letters.find(both), file.copies.waiting(GROUP, 9)],
          [0, undefined, []],
        );
      }),
    );
  });

  processContract(name, inFile);
};

const processContract = (name: string, inFile: InFile): void => {
  spec(`${name}: processes and requests`, ({ test }) => {
    test(
      'ask for each command once, for ever, and in the order of asking',
      inFile(({ file: { write, processes } }) => {
        const issue = (instance: string, id: string) => write(() => processes.issue(GROUP, instance, command(id)));
        const first = issue('i', 'a') ?? 0;
        issue('j', 'b');
        issue('i', 'c');
        assert.is(issue('i', 'a'), undefined);
        write(() => processes.remove(first));
        assert.is(issue('i', 'a'), undefined, 'also when it is done');
        const ids = (instance?: string) => processes.pending(GROUP, instance).map((each) => each.command.id);
        assert.equal([ids(), ids('i')], [['b', 'c'], ['c']]);
        write(() => processes.park(processes.pending(GROUP)[0]?.seq ?? 0, 'no use'));
        assert.is(processes.pending(GROUP)[0]?.attempts, 1);
        assert.equal([write(processes.unparkAll), write(processes.unparkAll)], [1, 0]);
        write(() => processes.begin(GROUP, 2));
        assert.equal([ids(), typeof issue('i', 'a')], [[], 'number']);
      }),
    );

    test(
      'let a deadline pass once, and none of an instance that lacks events',
      inFile(({ file: { write, processes, quarantine } }) => {
        const dueAt = (id: string, instance: string, dueAtMs: number) =>
          write(() => processes.addDeadline(GROUP, { id, instance, dueAtMs }));
        dueAt('late', 'i', 20);
        dueAt('early', 'i', 10);
        dueAt('held', 'row', 5);
        write(() => quarantine.setAside(failedEvent('note-a', 3)));
        const due = (nowMs: number) => processes.deadlinesDue(GROUP, nowMs, 10).map(({ id }) => id);
        assert.equal([due(9), due(10), due(20)], [[], ['early'], ['early', 'late']]);
        const pass = (): boolean => write(() => processes.passDeadline(GROUP, 'early'));
        assert.equal([pass(), pass()], [true, false]);
        dueAt('early', 'i', 10);
        write(() => processes.parkDeadline(GROUP, 'late', 'it threw'));
        assert.equal(due(20), []);
      }),
    );

    test(
      "keep statuses, breakers and the place of operators' requests for whoever comes next",
      inFile(({ file, statuses }) => {
        file.write(() => {
          file.writeStatus(statusOf(GROUP));
          file.writeStatus({ ...statusOf(GROUP), state: 'halted' });
          file.breakers.trip(GROUP, 'too many');
          file.requests.moveTo(3);
        });
        assert.equal(
          statuses().map(({ group, state }) => [group, state]),
          [[GROUP, 'halted']],
        );
        assert.equal([file.breakers.isTripped(GROUP), file.breakers.isTripped('other')], [true, false]);
        file.write(() => file.breakers.reset(GROUP));
        assert.equal([file.breakers.isTripped(GROUP), file.requests.position()], [false, 3]);
      }),
    );
  });
};
