/** The part of the contract about dead letters, parked events, and processes. */
import * as assert from 'uvu/assert';
import type { FailedEvent } from '../../../infra/consumption/intake/intake';
import { FOREIGN_LIMITS } from '../../../infra/dead-letters/store/store';
import { spec } from '../../spec';
import { command } from '../reactors/commands';
import {
  BY_ADA,
  checkpoint,
  envelopeOf,
  failedEvent,
  GROUP,
  HEADERS,
  type InFile,
  KEY,
  originAt,
  statusOf,
  VALUE,
  withoutEvent,
  TRACE,
} from './fixtures';

/** Declares its tests. */
export const quarantineContract = (name: string, inFile: InFile): void => {
  spec(`${name}: dead letters`, ({ test }) => {
    test(
      'close their stream, and what is parked behind them comes back in the order of the store',
      inFile(({ file }) => {
        file.write(() => {
          file.quarantine.deadLetter(failedEvent('note-a', 3));
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
        assert.is(file.parked.withResolvedFirst(GROUP), undefined, 'its dead letter is not out of the way');
        file.write(() => file.letters.markRedriven(file.letters.firstOf(GROUP, 'note-a')?.id ?? 0, 'applied', BY_ADA));
        assert.is(file.parked.withResolvedFirst(GROUP), 'note-a');
        file.write(() => file.parked.endQuarantine(GROUP, 'note-a'));
        assert.equal([file.parked.quarantined(GROUP), [...file.quarantine.streams(GROUP)]], [0, []]);
      }),
    );

    test(
      'keep key, value and headers byte for byte, in their order, and say why behind them',
      inFile(({ file }) => {
        file.write(() => file.quarantine.deadLetter(failedEvent('note-a', 3)));
        file.write(() => file.quarantine.deadLetter(withoutEvent(4, 'malformed')));
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
          [1, 2].map(() => file.write(() => file.quarantine.deadLetter(failed)));
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
        const letter = file.write(() => file.quarantine.deadLetter(failedEvent('note-a', 3)));
        const status = () => file.letters.find(letter)?.status;
        assert.equal([status(), file.letters.firstOf(GROUP, 'note-a')?.id], ['open', letter]);
        file.write(() => file.letters.assign(letter, 'bob', BY_ADA));
        assert.is(status(), 'assigned');
        file.write(() => file.letters.discard(letter, 'not needed', BY_ADA));
        assert.equal([status(), file.quarantine.isDiscarded(GROUP, 'note-a@1')], ['discarded', true]);
        assert.not(file.quarantine.isDiscarded('other', 'note-a@1'));
        file.write(() => file.quarantine.deadLetter(failedEvent('note-a', 3)));
        assert.is(status(), 'assigned', 'it still has its owner');
      }),
    );

    test(
      'of defects wait to be logged, once each',
      inFile(({ file }) => {
        file.write(() => file.quarantine.deadLetter(failedEvent('note-a', 3, 'defect')));
        file.write(() => file.quarantine.deadLetter(failedEvent('note-b', 4, 'rejected')));
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
          file.write(() => file.quarantine.deadLetter(withoutEvent(offset, 'foreign'))),
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
          file.quarantine.deadLetter({ ...withoutEvent(4, 'misplaced'), position: 20 });
        });
        const isFound = (last: number): boolean => file.quarantine.hasDeadLettersUpTo(GROUP, last);
        assert.equal([isFound(19), isFound(20)], [false, true]);
        file.write(() =>
          file.checkpoints.advanceHighWater(GROUP, [{ topic: 'notes', partition: 0, highWaterPosition: 20 }]),
        );
        assert.not(isFound(20));
      }),
    );

    test(
      'of a rebuild become those of its group: what it could read is over, what waits moves with its queue',
      inFile(({ file }) => {
        const ofRebuild = (failed: FailedEvent): FailedEvent => ({ ...failed, consumer: 'rebuild-1' });
        const old = file.write(() => file.quarantine.deadLetter(failedEvent('note-a', 3)));
        const both = file.write(() => file.quarantine.deadLetter(failedEvent('note-b', 4)));
        file.write(() => {
          file.quarantine.deadLetter(ofRebuild(failedEvent('note-b', 4)));
          file.quarantine.deadLetter(ofRebuild(failedEvent('note-c', 5)));
          file.quarantine.park('rebuild-1', envelopeOf('note-c', 2, 6), originAt(6), []);
          file.letters.adopt('rebuild-1', GROUP);
        });
        assert.equal([file.letters.find(old)?.status, file.letters.find(both)?.status], ['redriven', 'open']);
        assert.equal([...file.quarantine.streams(GROUP)].sort(), ['note-b', 'note-c']);
        assert.is(file.letters.firstOf(GROUP, 'note-b')?.id, both);
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
        const issue = (instance: string, id: string) =>
          write(() => processes.issue(GROUP, instance, command(id), null));
        const first = issue('i', 'a') ?? 0;
        issue('j', 'b');
        issue('i', 'c');
        assert.is(issue('i', 'a'), undefined);
        write(() => processes.remove(first));
        assert.is(issue('i', 'a'), undefined, 'also when it is done');
        const ids = (instance?: string) => processes.pending(GROUP, instance).map((each) => each.command.id);
        assert.equal([ids(), ids('i')], [['b', 'c'], ['c']]);
        write(() => processes.suspend(processes.pending(GROUP)[0]?.seq ?? 0, 'no use'));
        assert.is(processes.pending(GROUP)[0]?.attempts, 1);
        assert.equal([write(processes.resumeAll), write(processes.resumeAll)], [1, 0]);
        write(() => processes.begin(GROUP, 2));
        assert.equal([ids(), typeof issue('i', 'a')], [[], 'number']);
      }),
    );

    test(
      'let a deadline pass once, and none of an instance that lacks events',
      inFile(({ file: { write, processes, quarantine } }) => {
        const dueAt = (id: string, instance: string, dueAtMs: number) =>
          write(() => processes.addDeadline(GROUP, { id, instance, dueAtMs, traceparent: TRACE }));
        dueAt('late', 'i', 20);
        dueAt('early', 'i', 10);
        dueAt('held', 'row', 5);
        write(() => quarantine.deadLetter(failedEvent('note-a', 3)));
        const due = (nowMs: number) => processes.deadlinesDue(GROUP, nowMs, 10).map(({ id }) => id);
        assert.is(processes.deadlinesDue(GROUP, 20, 10)[0]?.traceparent, TRACE);
        assert.equal([due(9), due(10), due(20)], [[], ['early'], ['early', 'late']]);
        const pass = (): boolean => write(() => processes.passDeadline(GROUP, 'early'));
        assert.equal([pass(), pass()], [true, false]);
        dueAt('early', 'i', 10);
        write(() => processes.suspendDeadline(GROUP, 'late', 'it threw'));
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
