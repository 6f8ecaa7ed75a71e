/** The process store in a real file: states, commands that are issued once, outcomes, suspended commands. */
import * as assert from 'uvu/assert';
import type { ProcessInput, ProcessManager } from '../../../domain/kernel/process-manager';
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import { systemClock } from '../../../infra/clock';
import {
  processOf,
  type Process,
  processStoreOf,
  type PendingCommand,
  type ProcessStore,
} from '../../../infra/reactors/processes/processes';
import { pendingCounts, processRows } from '../../../infra/sqlite/process-store/process-rows';
import { reactorsMigrations } from '../../../infra/sqlite/process-store/process-store';
import { openDatabase, openForReading, type Database } from '../../../infra/sqlite/database';
import { spec } from '../../spec';
import { newFile } from '../sqlite/store-fixture';
import { command } from './commands';

interface Counting {
  readonly inputs: ReadonlyArray<string>;
}

const dueAt = '2024-01-02T00:00:00.000Z';
const dueAtMs = Date.parse(dueAt);

/** Issues `<event>/<letter>` for each letter of the event's text, and one more for each rejection. */
const counting = (version = 1, name = 'counting'): ProcessManager<Counting> => ({
  name,
  version,
  meaning: 'Remembers what it learned.',
  handles: [],
  instanceOf: (event) => (event.type === 'Other' ? undefined : event.correlationId),
  initialState: { inputs: [] },
  step: (state, input) => ({
    state: { inputs: [...state.inputs, textOf(input)] },
    commands: asked(input),
    deadlines: input._tag === 'Event' && input.event.data === '' ? [{ id: `${input.event.id}/due`, dueAt }] : [],
  }),
});

const textOf = (input: ProcessInput): string => {
  switch (input._tag) {
    case 'Event':
      return input.event.id;
    case 'Outcome':
      return `${input.outcome.command.id} ${input.outcome._tag}`;
    case 'DeadlinePassed':
      return `${input.deadline.id} passed`;
  }
};

const asked = (input: ProcessInput): ReturnType<ProcessManager<Counting>['step']>['commands'] => {
  if (input._tag === 'Event') {
    const { id, data } = input.event;
    return Array.from(String(data), (letter) => command(`${id}/${letter}`, { data: { letter } }));
  }
  if (input._tag === 'DeadlinePassed') return [command(`${input.deadline.id}/too-late`)];
  const { outcome } = input;
  return outcome._tag === 'Rejected' ? [command(`${outcome.command.id}/instead`)] : [];
};

const event = (id: string, instance: string, letters: string, type = 'Lettered'): RecordedEvent => ({
  id,
  stream: id.split('@')[0] ?? '',
  version: 1,
  position: 1,
  type,
  schemaVersion: 1,
  recordedAt: '2024-01-01T00:00:00.000Z',
  correlationId: instance,
  causationId: 'a request',
  actor: 'anonymous',
  data: letters,
});

const idsOf = (commands: ReadonlyArray<PendingCommand>): ReadonlyArray<string> =>
  commands.map((each) => each.command.id);

const accepted = ({ command: of }: PendingCommand) => ({ _tag: 'Accepted', command: of }) as const;
const rejected = ({ command: of }: PendingCommand) =>
  ({ _tag: 'Rejected', command: of, rejectionType: 'No', message: 'No.' }) as const;

const first = (commands: ReadonlyArray<PendingCommand>): PendingCommand => {
  const [command1] = commands;
  if (command1 === undefined) throw new Error('no command was asked for');
  return command1;
};

spec('the process store', ({ test, after }) => {
  const opened: Database[] = [];
  after(() => {
    for (const database of opened) database.close();
  });
  const open = (file: string): { readonly database: Database; readonly store: ProcessStore } => {
    const database = openDatabase({ file, synchronous: 'NORMAL', migrations: reactorsMigrations });
    opened.push(database);
    return { database, store: processStoreOf(processRows(database)) };
  };
  const stateOf = (database: Database, process: Process, instance: string): unknown => {
    const row = database
      .prepare<[string, string], { state: string }>(
        'SELECT state FROM process_instances WHERE process = ? AND instance = ?',
      )
      .get(process.name, instance);
    return row === undefined ? undefined : JSON.parse(row.state);
  };

  test('returns the commands that follow from an event, in the order of issue, and stores them as pending', () => {
    const { store } = open(newFile());
    const process = processOf(counting());
    const commands = store.applyEvent(process, event('a@1', 'i', 'xy'));
    assert.equal(idsOf(commands), ['a@1/x', 'a@1/y']);
    assert.ok(Number(commands[0]?.seq) < Number(commands[1]?.seq));
    assert.equal(store.pending(process), commands);
  });

  test('issues a command once, although an event or outcome is repeated', () => {
    const { store } = open(newFile());
    const process = processOf(counting());
    const commands = store.applyEvent(process, event('a@1', 'i', 'x'));
    assert.equal(store.applyEvent(process, event('a@1', 'i', 'x')), []);
    store.applyOutcome(first(commands), accepted(first(commands)));
    assert.equal(
      store.applyEvent(process, event('a@1', 'i', 'xy')).map((each) => each.command.id),
      ['a@1/y'],
    );
    assert.equal(idsOf(store.pending(process)), ['a@1/y']);
  });

  test('separates instances and processes', () => {
    const { store, database } = open(newFile());
    const one = processOf(counting(1, 'one'));
    const two = processOf(counting(1, 'two'));
    store.applyEvent(one, event('a@1', 'i', 'x'));
    store.applyEvent(one, event('b@1', 'j', 'x'));
    store.applyEvent(two, event('a@1', 'i', 'x'));
    assert.equal(stateOf(database, one, 'i'), { inputs: ['a@1'] });
    assert.equal(stateOf(database, one, 'j'), { inputs: ['b@1'] });
    assert.equal(stateOf(database, two, 'i'), { inputs: ['a@1'] });
    assert.equal([store.pending(one).length, store.pending(two).length], [2, 1]);
  });

  test('ignores an event that concerns no instance', () => {
    const { store, database } = open(newFile());
    const process = processOf(counting());
    assert.equal(store.applyEvent(process, event('a@1', 'i', 'x', 'Other')), []);
    assert.is(stateOf(database, process, 'i'), undefined);
  });

  test('applies an outcome, and appends the commands that follow from it', () => {
    const { store, database } = open(newFile());
    const process = processOf(counting());
    const commands = store.applyEvent(process, event('a@1', 'i', 'xy'));
    const followUps = store.applyOutcome(first(commands), rejected(first(commands)));
    assert.equal(idsOf(followUps), ['a@1/x/instead']);
    assert.equal(idsOf(store.pending(process)), ['a@1/y', 'a@1/x/instead']);
    assert.equal(stateOf(database, process, 'i'), { inputs: ['a@1', 'a@1/x Rejected'] });
  });

  test('stores everything in its file', () => {
    const file = newFile();
    const process = processOf(counting());
    const before = open(file);
    const commands = before.store.applyEvent(process, event('a@1', 'i', 'xyz'));
    before.store.noteAttempt(first(commands), { nextAttemptAtMs: 5, reason: 'busy' });
    before.database.close();
    const { store, database } = open(file);
    assert.equal(
      store.pending(process).map(({ seq, instance, command: each, attempts }) => [seq, instance, each.id, attempts]),
      commands.map(({ seq, command: each }, index) => [seq, 'i', each.id, index === 0 ? 1 : 0]),
    );
    assert.equal(store.pending(process)[0]?.command, commands[0]?.command);
    assert.equal(stateOf(database, process, 'i'), { inputs: ['a@1'] });
    assert.equal(store.applyEvent(process, event('a@1', 'i', 'xyz')), []);
  });

  test('stores nothing of a transaction that is rolled back', () => {
    const { store, database } = open(newFile());
    const process = processOf(counting());
    const failing = database.transaction(() => {
      store.applyEvent(process, event('a@1', 'i', 'x'));
      throw new Error('the lease is lost');
    });
    assert.throws(() => failing.immediate(), 'the lease is lost');
    assert.is(stateOf(database, process, 'i'), undefined);
    assert.equal(idsOf(store.applyEvent(process, event('a@1', 'i', 'x'))), ['a@1/x']);
  });

  test('counts pending and suspended commands, and names the first suspended one with the reason', () => {
    const file = newFile();
    const { store } = open(file);
    const process = processOf(counting());
    const commands = store.applyEvent(process, event('a@1', 'i', 'xyz'));
    const reader = openForReading(file);
    opened.push(reader);
    assert.equal(pendingCounts(reader, process.name), { waiting: 3, parked: 0, firstParked: undefined });
    for (const each of commands.slice(1).reverse()) store.suspend(each, `no such command: ${each.command.id}`);
    assert.equal(pendingCounts(reader, process.name), {
      waiting: 1,
      parked: 2,
      firstParked: { id: 'a@1/y', reason: 'no such command: a@1/y' },
    });
    assert.equal(pendingCounts(reader, 'another'), { waiting: 0, parked: 0, firstParked: undefined });
  });

  test('resumes suspended commands, in their old places', () => {
    const { store, database } = open(newFile());
    const process = processOf(counting());
    const commands = store.applyEvent(process, event('a@1', 'i', 'xy'));
    store.suspend(first(commands), '404');
    assert.equal([store.resumeAll(), store.resumeAll()], [1, 0]);
    assert.equal(idsOf(store.pending(process)), ['a@1/x', 'a@1/y']);
    assert.is(store.pending(process)[0]?.attempts, 1);
    assert.is(pendingCounts(database, process.name).parked, 0);
  });

  test('keeps a process of the same version, and recognises a new one', () => {
    const { store, database } = open(newFile());
    const process = processOf(counting());
    assert.is(store.prepare(process), false);
    store.applyEvent(process, event('a@1', 'i', 'x'));
    assert.is(store.prepare(process), false);
    assert.equal(stateOf(database, process, 'i'), { inputs: ['a@1'] });
  });

  test('deletes everything of a process of another version, and of no other', () => {
    const { store, database } = open(newFile());
    const old = processOf(counting(1));
    const other = processOf(counting(1, 'other'));
    for (const process of [old, other]) {
      store.prepare(process);
      store.applyEvent(process, event('a@1', 'i', 'x'));
    }
    const changed = processOf(counting(2));
    assert.is(store.prepare(changed), true);
    assert.is(store.prepare(changed), false);
    assert.is(stateOf(database, changed, 'i'), undefined);
    assert.equal(store.pending(changed), []);
    assert.equal(idsOf(store.pending(other)), ['a@1/x']);
    assert.equal(idsOf(store.applyEvent(changed, event('a@1', 'i', 'x'))), ['a@1/x']);
  });

  test('suspends a deadline that its process cannot handle, with the reason, and resumes it', () => {
    const { store, database } = open(newFile());
    const process = processOf(counting());
    store.applyEvent(process, event('a@1', 'i', ''));
    const [due] = store.deadlinesDue(process, Date.parse(dueAt), 9);
    if (due === undefined) throw new Error('one is due');
    store.suspendDeadline(process, due, 'undefined is not a number');
    assert.equal(store.deadlinesDue(process, Date.parse(dueAt), 9), []);
    const firstParked = { id: 'a@1/due', reason: 'undefined is not a number' };
    assert.equal(pendingCounts(database, process.name), { waiting: 0, parked: 1, firstParked });
    assert.equal([store.resumeAll(), store.resumeAll()], [1, 0]);
    assert.equal(store.deadlinesDue(process, Date.parse(dueAt), 9), [due]);
  });

  test('refuses a deadline without a zone, or of a day that is not in the calendar', () => {
    const { store } = open(newFile());
    for (const wrong of ['2024-01-02T00:00:00', '2024-02-30T00:00:00Z', 'tomorrow', '']) {
      const manager: ProcessManager<Counting> = {
        ...counting(),
        step: (state) => ({ state, commands: [], deadlines: [{ id: 'due', dueAt: wrong }] }),
      };
      assert.throws(
        () => store.applyEvent(processOf(manager), event('a@1', 'i', '')),
        /counting sets the deadline due to .*, which is not a time with its zone/,
      );
    }
  });

  test('applies a passed deadline once, although it is set again', () => {
    const { store, database } = open(newFile());
    const process = processOf(counting());
    for (let times = 0; times < 2; times += 1) store.applyEvent(process, event('a@1', 'i', ''));
    assert.equal(store.deadlinesDue(process, dueAtMs - 1, 9), []);
    const due = store.deadlinesDue(process, dueAtMs, 9);
    assert.equal(due, [{ instance: 'i', traceparent: null, deadline: { id: 'a@1/due', dueAt } }]);
    const [deadline] = due;
    if (deadline === undefined) throw new Error('one is due');
    assert.equal(idsOf(store.applyDeadline(process, deadline)), ['a@1/due/too-late']);
    assert.equal(store.applyDeadline(process, deadline), []);
    store.applyEvent(process, event('a@1', 'i', ''));
    assert.equal(store.deadlinesDue(process, dueAtMs, 9), []);
    assert.equal(stateOf(database, process, 'i'), { inputs: ['a@1', 'a@1', 'a@1/due passed', 'a@1'] });
  });

  test('delays the deadlines of an instance with parked events, and of all where the instance is unknown', () => {
    const { store, database } = open(newFile());
    const process = processOf(counting());
    for (const instance of ['i', 'j']) store.applyEvent(process, event(`${instance}@1`, instance, ''));
    const lacks = (row: string): void =>
      void database.prepare(`INSERT INTO stale_rows VALUES ('counting', ?, 'some stream')`).run(row);
    const due = (): ReadonlyArray<string> => store.deadlinesDue(process, dueAtMs, 9).map(({ instance }) => instance);
    lacks('i');
    assert.equal(due(), ['j']);
    lacks('*');
    assert.equal(due(), []);
  });

  test('applies ten thousand events of as many instances quickly', () => {
    const { store, database } = open(newFile());
    const process = processOf(counting());
    const startMs = systemClock.monotonicMs();
    database
      .transaction(() => {
        for (let index = 0; index < 10_000; index += 1)
          store.applyEvent(process, event(`a${index}@1`, `i${index}`, 'x'));
      })
      .immediate();
    const durationMs = systemClock.monotonicMs() - startMs;
    assert.is(store.pending(process).length, 10_000);
    assert.ok(durationMs < 10_000, `took ${durationMs} ms`);
  });
});
