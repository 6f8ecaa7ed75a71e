/** Mistakes that authors make, and what each of them sees. Those of contracts without a version are in infra/contracts/gate.test. */
import * as assert from 'uvu/assert';
import { aggregate, type AggregateDefinition } from '../../domain/kernel/aggregate';
import { field } from '../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../domain/kernel/command-definition';
import { InvalidDeclaration } from '../../domain/kernel/declarations';
import { accept } from '../../domain/kernel/decider';
import { defineEvent, type AnyEventDefinition, type EventOf } from '../../domain/kernel/event-definition';
import { InputMutated } from '../../domain/kernel/frozen-inputs';
import { defineProcessManager } from '../../domain/kernel/process-manager';
import { catalogOf } from '../../domain/kernel/aggregate';
import { Identifier } from '../../domain/kernel/values';
import { changeFindings } from '../../infra/contracts/contract-check';
import { lockOf } from '../../infra/contracts/contract-lock';
import { ruleFindings } from '../../infra/contracts/contract-rules';
import { findingLines } from '../../infra/contracts/finding-lines';
import { readPastForms } from '../../infra/contracts/past-forms';
import { defineApplication } from '../../projections/application';
import { defineProjection, integer, text } from '../../projections/projection';
import {
  inMemoryApplication,
  testAggregate,
  testProcessManager,
  testProjection,
} from '../../projections/testing/testing';
import { loanAggregate } from '../examples/library/loan';
import { memberLoans } from '../examples/library/member-loans';
import { reminders } from '../examples/library/reminders';
import { spec } from '../spec';
import { messageOf, thrownBy } from './thrown';

const noteId = field(Identifier, 'The note.');
const contract = { owner: 'notes', since: '2026-01-05', schemaVersion: 1, fields: { noteId } };
const NoteTaken = defineEvent('NoteTaken', { ...contract, meaning: 'Somebody took a note.' });
const NoteKept = defineEvent('NoteKept', { ...contract, meaning: 'Somebody kept a note.' });
const take = defineCommand('take', { meaning: 'Takes it.', fields: {}, example: {} });
type Event = EventOf<typeof NoteTaken> | EventOf<typeof NoteKept>;
type Command = CommandOf<typeof take>;
interface Note {
  readonly taken: number;
  readonly list: ReadonlyArray<string>;
}

const taken = NoteTaken.of({ noteId: 'n1' });
const key = { is: 'the note id', because: 'of its order', concurrency: 'One.', skew: 'None.' };
const topic = { name: 'notes', partitions: 1, retention: 'forever', key } as const;

const notes = (
  decider: Partial<AggregateDefinition<Command, Note, Event>['decider']> = {},
  more: Partial<AggregateDefinition<Command, Note, Event>> = {},
) =>
  aggregate<Command, Note, Event>({
    category: 'note',
    path: 'notes',
    meaning: 'A note.',
    topic,
    events: [NoteTaken, NoteKept],
    commands: [take],
    decider: {
      decide: ({ id }) => accept(NoteTaken.of({ noteId: id })),
      evolve: (state) => ({ ...state, taken: state.taken + 1 }),
      initialState: { taken: 0, list: [] },
      ...decider,
    },
    ...more,
  });

const wherever = (name: string, aggregates: ReturnType<typeof notes>[]) => ({ name, aggregates });

spec('mistakes in an application', ({ test }) => {
  test('an aggregate that is not registered', async () => {
    const forgotten = await messageOf(() =>
      defineApplication({ ...wherever('library', []), projections: [memberLoans] }),
    );
    assert.is(
      forgotten,
      "the projection member-loans handles BookLent, which no aggregate of the application library has; register its aggregate in 'aggregates' of defineApplication, or list the event in 'events' of its aggregate",
    );
    const application = inMemoryApplication(defineApplication({ name: 'library', aggregates: [loanAggregate] }));
    assert.match(
      await messageOf(() => application.send('note', 'n1', 'take', {})),
      "the application library has no aggregate of the category 'note'; it has loan. Is it registered in defineApplication?",
    );
  });

  test('an unknown event in `handles`, of a projection and of a process manager', async () => {
    const error = await thrownBy(() =>
      defineApplication({ ...wherever('notes', [notes()]), processManagers: [reminders] }),
    );
    assert.instance(error, InvalidDeclaration);
    assert.match(
      error.message,
      'the process manager reminders handles BookLent, which no aggregate of the application notes has',
    );
  });

  test('an event that is undefined, because two modules import each other', async () => {
    const broken = { ...memberLoans, handles: [...memberLoans.handles, undefined as never] };
    assert.match(
      await messageOf(() => defineApplication({ name: 'library', aggregates: [loanAggregate], projections: [broken] })),
      'the projection member-loans: handles[3] is undefined; a module that imports this one in a circle is not loaded yet',
    );
  });

  test('an event that is decided, and not listed in the aggregate', async () => {
    const unlisted = notes({ decide: () => accept(NoteKept.of({ noteId: 'n1' })) }, { events: [NoteTaken] });
    const application = inMemoryApplication(defineApplication(wherever('notes', [unlisted])));
    assert.is(
      await messageOf(() => application.send('note', 'n1', 'take', {})),
      'note decided NoteKept, which its definition does not list',
    );
    assert.equal(application.events(), []);
  });

  test('a topic, a path, a category or an event that two aggregates claim', async () => {
    const other = { category: 'memo', path: 'memos', topic: { ...topic, name: 'memos' }, events: [] };
    const twice = (more: object) => messageOf(() => catalogOf([notes(), notes({}, { ...other, ...more })]));
    assert.is(await twice({ topic }), "the catalog names the topic 'notes' twice, in the aggregates 'note' and 'memo'");
    assert.is(
      await twice({ path: 'notes' }),
      "the catalog names the path 'notes' twice, in the aggregates 'note' and 'memo'",
    );
    assert.match(await twice({ category: 'note' }), "names the category 'note' twice");
    assert.is(
      await twice({ events: [NoteTaken] }),
      "the catalog names the event type 'NoteTaken' twice, in the aggregates 'note' and 'memo'",
    );
  });
});

const foundIn = (events: ReadonlyArray<AnyEventDefinition>): string =>
  ruleFindings(catalogOf([notes({}, { events: events as never })]), readPastForms())
    .flatMap(findingLines)
    .join('\n');

spec('mistakes in a contract', ({ test }) => {
  test('a name in the wrong tense', () => {
    const found = foundIn([defineEvent('TakeNote', { ...contract, meaning: 'Somebody took a note.' })]);
    assert.match(found, /^TakeNote/);
    assert.match(found, 'Name the business fact in the past tense (OrderPlaced, CopyLent, PriceChanged)');
  });

  test('a meaning that is missing', () => {
    const found = foundIn([
      defineEvent('NoteTaken', { ...contract, meaning: '', fields: { noteId: field(Identifier, '') } }),
    ]);
    assert.match(found, 'no sentence says which business fact it states');
    assert.match(found, 'no sentence says what /noteId means');
  });

  test('an event that changed without a version', () => {
    const changed = defineEvent('NoteTaken', {
      ...contract,
      meaning: 'Somebody took a note.',
      fields: { noteId, by: field(Identifier, 'Who took it.') },
    });
    const catalog = catalogOf([notes({}, { events: [changed, NoteKept] as never })]);
    const found = changeFindings({ catalog, lock: lockOf(catalogOf([notes()])), readers: [] })
      .flatMap(findingLines)
      .join('\n');
    assert.match(found, 'NoteTaken version 1: its shape changed without a new version');
    assert.match(found, "Restore the fields as version 1 in 'earlier'");
    assert.match(found, 'schemaVersion: 2');
  });
});

spec('mistakes in a decider', ({ test }) => {
  const given = (aggregateOf: ReturnType<typeof notes>) => testAggregate(aggregateOf, 'n1').given(taken);

  test('a state that is changed instead of copied', async () => {
    const mutating = notes({
      evolve: (state) => {
        (state.list as string[]).push('taken');
        return state;
      },
    });
    const error = await thrownBy(() => given(mutating));
    assert.instance(error, InputMutated);
    assert.match(
      error.message,
      'the aggregate note: evolve(NoteTaken) changes a value that it was given (Cannot add property 0',
    );
    assert.match(error.message, 'return a new value instead, such as { ...state, status }');
    assert.match((error.cause as Error).stack ?? '', 'mistakes.test');
  });

  test('an event or a command that is changed', async () => {
    const event = notes({ evolve: (state, { data }) => Object.assign(state, Object.assign(data, { noteId: 'n2' })) });
    assert.match(
      await messageOf(() => given(event)),
      "evolve(NoteTaken) changes a value that it was given (Cannot assign to read only property 'noteId'",
    );
    const command = notes({ decide: (each) => (delete (each as { data?: unknown }).data, accept(taken)) });
    assert.match(
      await messageOf(() => given(command).when('take', {})),
      "decide(take) changes a value that it was given (Cannot delete property 'data'",
    );
  });

  test('an `evolve` or a `decide` without a case', async () => {
    const evolve = notes({ evolve: () => undefined as never });
    assert.is(
      await messageOf(() => given(evolve)),
      "the aggregate 'note': evolve has no case for NoteTaken: it returns nothing",
    );
    const decide = notes({ decide: () => undefined as never });
    assert.is(
      await messageOf(() => given(decide).when('take', {})),
      "the aggregate 'note': decide has no case for 'take': it returns nothing",
    );
    // Before anything is written: the stream could not be read any more.
    const application = inMemoryApplication(defineApplication(wherever('notes', [evolve])));
    assert.match(await messageOf(() => application.send('note', 'n1', 'take', {})), 'evolve has no case for NoteTaken');
    assert.equal(application.events(), []);
  });

  test('a decider that throws: its own error, with the place in its code', async () => {
    const throwing = notes({
      decide: () => {
        throw new RangeError('no more paper');
      },
    });
    const error = await thrownBy(() => given(throwing).when('take', {}));
    assert.instance(error, RangeError);
    assert.match(error.stack ?? '', /no more paper\n\s+at .*mistakes\.test/);
    const application = inMemoryApplication(defineApplication(wherever('notes', [throwing])));
    assert.is(await messageOf(() => application.send('note', 'n1', 'take', {})), 'no more paper');
  });
});

spec('mistakes in a projection or a process manager', ({ test }) => {
  const projection = (project: () => never) =>
    defineProjection({
      name: 'note-list',
      version: 1,
      meaning: 'Notes.',
      view: { key: { noteId: text('The note.') }, columns: { taken: integer('How often.') } },
      handles: [NoteTaken],
      project,
    });
  const processManager = (step: () => never) =>
    defineProcessManager<object>({
      name: 'keeping',
      version: 1,
      meaning: 'Keeps notes.',
      handles: [NoteTaken],
      instanceOf: () => 'n1',
      initialState: {},
      step,
    });

  test('a function without a case', async () => {
    const rows = testProjection(projection(() => undefined as never)).given(taken);
    assert.match(
      await messageOf(() => rows.rows()),
      'the projection note-list: project has no case for NoteTaken: it returns nothing',
    );
    const steps = testProcessManager(processManager(() => undefined as never)).given(taken);
    assert.is(
      await messageOf(() => steps.commands()),
      'the process manager keeping: step has no case for NoteTaken: it returns nothing',
    );
  });

  test('an input that is changed', async () => {
    const rows = testProjection(
      projection(((event: { data: object }) => Object.assign(event.data, { noteId: 'n2' })) as never),
    );
    assert.match(
      await messageOf(() => rows.given(taken).rows()),
      'the projection note-list: project(NoteTaken) changes a value that it was given',
    );
    const steps = testProcessManager(
      processManager(((state: object) => ({ state: Object.assign(state, { seen: 1 }), commands: [] })) as never),
    );
    assert.match(
      await messageOf(() => steps.given(taken).commands()),
      'the process manager keeping: step(Event) changes a value that it was given',
    );
  });
});
