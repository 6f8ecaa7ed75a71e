/** The kit's properties: applications that keep them, and what is said of those that do not. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { aggregate } from '../../domain/kernel/aggregate';
import { field } from '../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../domain/kernel/command-definition';
import { accept } from '../../domain/kernel/decider';
import { defineEvent, earlierVersion, type EventOf } from '../../domain/kernel/event-definition';
import { defineProcessManager } from '../../domain/kernel/process-manager';
import { Identifier, oneOf } from '../../domain/kernel/values';
import { defineApplication, type Application } from '../../projections/application';
import { application as shop } from '../../projections/fulfilment/application';
import { defineProjection, integer, text } from '../../projections/projection';
import { propertiesOf } from '../../projections/testing/testing';
import library from '../examples/library/application';
import { spec } from '../spec';
import { messageOf } from './thrown';

for (const application of [library, shop]) {
  spec(`the properties of the ${application.name} application`, ({ test }) => {
    for (const { sentence, check } of propertiesOf(application, { fastCheck: fc, runs: 40 })) test(sentence, check);
  });
}

// -------------------------------------------------------------------------------------
// A small domain, and what may be wrong in it
// -------------------------------------------------------------------------------------

const noteId = field(Identifier, 'The note.');
const contract = { owner: 'notes', since: '2026-01-05', schemaVersion: 1, fields: { noteId } };
const NoteTaken = defineEvent('NoteTaken', { ...contract, meaning: 'Somebody took a note.' });
const NoteKept = defineEvent('NoteKept', { ...contract, meaning: 'Somebody kept a note.' });
const take = defineCommand('take', { meaning: 'Takes it.', fields: {}, example: {} });
const keep = defineCommand('keep', { meaning: 'Keeps it.', fields: {}, example: {} });
type Event = EventOf<typeof NoteTaken> | EventOf<typeof NoteKept>;
type Command = CommandOf<typeof take> | CommandOf<typeof keep>;

let calls = 0;

const noteOf = (evolve: (state: number, event: Event) => number) =>
  aggregate<Command, number, Event>({
    category: 'note',
    path: 'notes',
    meaning: 'A note.',
    topic: {
      name: 'notes',
      partitions: 1,
      retention: 'forever',
      key: { is: 'the note id', because: 'of order', concurrency: 'One.', skew: 'None.' },
    },
    events: [NoteTaken, NoteKept],
    commands: [take, keep],
    decider: {
      decide: ({ type, id }) => accept((type === 'take' ? NoteTaken : NoteKept).of({ noteId: id })),
      evolve,
      initialState: 0,
    },
  });

const notes = noteOf((state) => state + 1);

const lastNote = defineProjection({
  name: 'last-note',
  version: 1,
  meaning: 'Which note came last: it depends on the interleaving.',
  view: { key: { all: text('All.') }, columns: { noteId: text('The note.') } },
  handles: [NoteTaken],
  project: ({ data }) => [{ key: { all: 'all' }, set: { noteId: data.noteId } }],
});

const counted = defineProjection({
  name: 'counted',
  version: 1,
  meaning: 'How often it was called.',
  view: { key: { all: text('All.') }, columns: { calls: integer('Calls.') } },
  handles: [NoteTaken],
  project: () => [{ key: { all: 'all' }, set: { calls: (calls += 1) } }],
});

const commandOf = (id: string, data: unknown) => ({
  id,
  causationId: 'c',
  correlationId: 'c',
  category: 'note',
  aggregateId: 'a',
  type: 'keep',
  data,
});

const echo = defineProcessManager<number>({
  name: 'echo',
  version: 1,
  meaning: 'Numbers its commands in the order of the events.',
  handles: [NoteTaken],
  instanceOf: () => 'one',
  initialState: 0,
  step: (state, input) => ({
    state: state + 1,
    commands: input._tag === 'Event' ? [commandOf(input.event.id, { number: state })] : [],
  }),
});

const brokenLaws = (application: Application): ReadonlyArray<readonly [string, string]> => {
  const broken: [string, string][] = [];
  for (const { sentence, check } of propertiesOf(application, { fastCheck: fc })) {
    try {
      check();
    } catch (error) {
      broken.push([sentence, error instanceof Error ? error.message : String(error)]);
    }
  }
  return broken;
};

const only = <A>(all: ReadonlyArray<A>): A => {
  const [first, ...others] = all;
  assert.is(others.length, 0, `one is expected: ${JSON.stringify(all)}`);
  if (first === undefined) throw new Error('none');
  return first;
};

spec('the properties', ({ test }) => {
  test('find a projection that depends on the interleaving, and show the shortest history', () => {
    const application = defineApplication({ name: 'notes', aggregates: [notes], projections: [lastNote] });
    const [sentence, message] = only(brokenLaws(application));
    assert.is(sentence, 'last-note: in any interleaving of the streams, the rows are equal');
    assert.match(message, 'last-note: other rows come of\n');
    // Two notes are the shortest; whichever fast-check ends at, it is not the sixty of a whole history.
    assert.ok((message.match(/note-\w@\d/g) ?? []).length <= 8, message);
    assert.match(message, 'Property failed after');
  });

  test('find them without fast-check too, and say how to find them again', async () => {
    const application = defineApplication({ name: 'notes', aggregates: [notes], projections: [lastNote] });
    const law = propertiesOf(application, { seed: 7 }).find(({ sentence }) => sentence.includes('last-note: in any'));
    assert.match(await messageOf(() => law?.check()), /found with the seed 7 in run \d+$/);
  });

  test('find a projection that is not deterministic', () => {
    const application = defineApplication({ name: 'notes', aggregates: [notes], projections: [counted] });
    const sentences = brokenLaws(application).map(([sentence]) => sentence);
    assert.ok(sentences.includes('counted: replayed twice, the rows are equal'));
  });

  test('find a decider that is not deterministic, or that throws', () => {
    const random = noteOf((state) => state + (calls += 1));
    const [sentence, message] = only(brokenLaws(defineApplication({ name: 'notes', aggregates: [random] })));
    assert.is(sentence, 'note: the same events fold to the same state, and decide the same');
    assert.match(message, 'note: another state comes of\n  note-a@1 NoteTaken');
    const throwing = noteOf(() => {
      throw new Error('no more notes');
    });
    assert.match(only(brokenLaws(defineApplication({ name: 'notes', aggregates: [throwing] })))[1], 'no more notes');
  });

  test('find a process manager whose commands have bodies that depend on the interleaving', () => {
    const application = defineApplication({ name: 'notes', aggregates: [notes], processManagers: [echo] });
    const [sentence, message] = only(brokenLaws(application));
    assert.is(sentence, 'echo: in any interleaving of the streams, one command id has one body');
    assert.match(message, "echo: the command 'note-");
  });

  test('find an earlier version that cannot be read any more', () => {
    const colour = field(oneOf({ red: null, blue: null }), 'The colour.');
    const Coloured = defineEvent('NoteTaken', {
      ...contract,
      schemaVersion: 2,
      meaning: 'Somebody took a note.',
      fields: { noteId, colour },
      earlier: [
        earlierVersion({
          type: 'NoteTaken',
          schemaVersion: 1,
          since: '2026-01-05',
          deprecated: '2026-01-05',
          sunset: '2027-01-05',
          meaning: 'Somebody took a note.',
          fields: { noteId },
          next: { noteId, colour },
          upcast: (data) => ({ ...data, colour: 'green' as never }),
        }),
      ],
    });
    const coloured = aggregate<CommandOf<typeof take>, number, EventOf<typeof Coloured>>({
      category: 'note',
      path: 'notes',
      meaning: 'A note.',
      topic: {
        name: 'notes',
        partitions: 1,
        retention: 'forever',
        key: { is: 'the note id', because: 'of order', concurrency: 'One.', skew: 'None.' },
      },
      events: [Coloured],
      commands: [take],
      decider: {
        decide: ({ id }) => accept(Coloured.of({ noteId: id, colour: 'red' })),
        evolve: (state) => state,
        initialState: 0,
      },
    });
    const [sentence, message] = only(brokenLaws(defineApplication({ name: 'notes', aggregates: [coloured] })));
    assert.is(sentence, 'NoteTaken version 1: it can be read as version 2');
    assert.match(message, 'colour');
  });
});
