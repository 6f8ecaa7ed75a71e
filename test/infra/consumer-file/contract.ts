/**
 * The contract of every consumer's file: effects, checkpoints, dead letters, parked events and the state of processes are written
 * in one transaction, under a lease. Each implementation runs it with its own factory.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { CheckpointMoved, type Checkpoint } from '../../../infra/consumption/checkpoints/checkpoints';
import { previewOf, type ConsumerFile } from '../../../infra/dead-letters/redrive/redrive';
import { LeaseLost } from '../../../infra/lease-lost';
import { spec } from '../../spec';
import { command } from '../reactors/commands';
import { quarantineContract } from './dead-letters-contract';
import {
  Broken,
  BY_ADA,
  checkpoint,
  type ConsumerFileUnderTest,
  envelopeOf,
  failedEvent,
  GROUP,
  moved,
  originAt,
  statusOf,
  TRACE,
} from './fixtures';

/** Everything that can be read from a file, as one value. */
const contentOf = ({ file, statuses }: ConsumerFileUnderTest): unknown => ({
  checkpoints: file.checkpoints.read(GROUP),
  statuses: statuses(),
  streams: [...file.quarantine.streams(GROUP)],
  parked: file.parked.next(GROUP, 'note-a', 100),
  quarantined: file.parked.quarantined(GROUP),
  head: file.letters.firstOf(GROUP, 'note-a')?.status,
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
  const letter = file.quarantine.deadLetter(failedEvent('note-a', 3, 'defect'));
  file.quarantine.park(GROUP, envelopeOf('note-a', 2, 4), originAt(4), ['row']);
  file.letters.assign(letter, 'bob', BY_ADA);
  file.breakers.trip(GROUP, 'too many');
  file.requests.moveTo(12);
  const preview = previewOf([], 0);
  file.redrives.plan(1, 'ada', { group: GROUP, letters: [letter], ratePerSecond: 10, preview });
  file.redrives.run(1);
  const move = { topic: 'notes', partition: 0, logId: 'log', fromOffset: 5, toOffset: 4 };
  file.offsetRequests.add(3, JSON.stringify({ group: GROUP, moves: [move] }), 'ada');
  file.noteOffsetMove({ group: GROUP, ...move }, 'ada');
  file.processes.begin(GROUP, 2);
  file.processes.writeState(GROUP, 'i', '{"n":1}');
  file.processes.issue(GROUP, 'i', command('i/1'), TRACE);
  file.processes.addDeadline(GROUP, { id: 'd', instance: 'other', dueAtMs: 500, traceparent: TRACE });
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
            file.processes.issue(GROUP, 'i', command(`i/${from}`), null);
            file.processes.addDeadline(GROUP, { id: `d${from}`, instance: 'i', dueAtMs: from, traceparent: null });
            file.checkpoints.move(GROUP, moved(0, from, from + 1, from + 1));
            if (isBroken) throw new Broken();
          });
        file.write(() => file.checkpoints.begin(GROUP, checkpoint()));
        learn(0, false);
        assert.throws(() => learn(1, true));
        // A zombie reads the same record again: its transaction is rolled back.
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
    test('behave like a map with compare-and-swap, and their high-water positions never decrease', async () => {
      const at = fc.record({ partition: fc.nat(1), from: fc.nat(1), to: fc.nat(1), position: fc.nat(5) });
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
        { numRuns: 300, seed: 20_261_125 },
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
        file.checkpoints.advanceHighWater(group, [{ topic: 'notes', partition, highWaterPosition: position }]);
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
