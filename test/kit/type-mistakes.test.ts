/** Mistakes that the compiler finds: what an author reads then. */
import { join } from 'node:path';
import * as ts from 'typescript';
import * as assert from 'uvu/assert';
import { spec } from '../spec';

const root = join(__dirname, '..', '..', '..');

const PRELUDE = `
import { aggregate } from '../../domain/kernel/aggregate';
import { field } from '../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../domain/kernel/command-definition';
import { accept } from '../../domain/kernel/decider';
import { defineEvent, type EventOf } from '../../domain/kernel/event-definition';
import { Identifier } from '../../domain/kernel/values';
import { defineProjection, integer, text } from '../../projections/projection';
const NoteTaken = defineEvent('NoteTaken', { owner: 'notes', since: '2026-01-05', schemaVersion: 1, meaning: 'Taken.', fields: { noteId: field(Identifier, 'Which.') } });
const take = defineCommand('take', { meaning: 'Takes.', fields: {}, example: {} });
type Event = EventOf<typeof NoteTaken>;
type Command = CommandOf<typeof take>;
const key = { is: 'the id', because: 'of order', concurrency: 'One.', skew: 'None.' };
const topic = { name: 'notes', partitions: 1, retention: 'forever', key } as const;
const view = { key: { noteId: text('Which.') }, columns: { open: integer('How many.') } };
const head = { name: 'notes', version: 1, meaning: 'Notes.', view, handles: [NoteTaken] };
export const all = { aggregate, accept, topic, head, take, defineProjection };
export type All = Event | Command;
`;

const mistakes: ReadonlyArray<readonly [what: string, code: string, message: RegExp]> = [
  [
    'an event without an owner and a day',
    "defineEvent('NoteKept', { schemaVersion: 1, meaning: 'Kept.', fields: {} });",
    /missing the following properties from type 'EventContract<\{\}>': owner, since/,
  ],
  [
    'a topic that leaves skew open',
    "aggregate<Command, null, Event>({ category: 'note', path: 'notes', meaning: 'x', topic: { ...topic, key: { is: 'x', because: 'x', concurrency: 'x' } }, events: [], commands: [], decider: { decide: () => accept(), evolve: () => null, initialState: null } });",
    /Property 'skew' is missing in type .* but required in type 'PartitionKey'/,
  ],
  ['a field that an event does not have', "NoteTaken.of({ noteId: 'n', by: 'ann' });", /'by' does not exist in type/],
  [
    'a column that the view does not have',
    'defineProjection({ ...head, project: ({ data }) => [{ key: { noteId: data.noteId }, set: { opened: 1 } }] });',
    /'opened' does not exist in type/,
  ],
  [
    'a key that lacks its column',
    'defineProjection({ ...head, project: () => [{ key: {}, add: { open: 1 } }] });',
    /Property 'noteId' is missing in type '\{\}'/,
  ],
  [
    'a sum of a text',
    "defineProjection({ ...head, project: ({ data }) => [{ key: { noteId: data.noteId }, add: { open: 'x' } }] });",
    /Type 'string' is not assignable to type 'number'/,
  ],
  [
    'an event that the projection does not handle',
    "defineProjection({ ...head, project: (event) => (event.type === 'NoteKept' ? [] : []) });",
    /types '"NoteTaken"' and '"NoteKept"' have no overlap/,
  ],
  [
    'a state that `evolve` changes',
    "aggregate<Command, { readonly open: number }, Event>({ category: 'note', path: 'notes', meaning: 'x', topic, events: [NoteTaken], commands: [take], decider: { decide: () => accept(), evolve: (state) => { state.open = 1; return state; }, initialState: { open: 0 } } });",
    /Cannot assign to 'open' because it is a read-only property/,
  ],
  [
    'an `evolve` without a case',
    "aggregate<Command, { readonly open: number }, Event>({ category: 'note', path: 'notes', meaning: 'x', topic, events: [NoteTaken], commands: [take], decider: { decide: () => accept(), evolve: (state, event) => { switch (event.type) { default: break; } }, initialState: { open: 0 } } });",
    /Type 'void' is not assignable to type '\{ readonly open: number; \}'/,
  ],
  [
    'a command of another aggregate',
    "const keep = defineCommand('keep', { meaning: 'x', fields: {}, example: {} }); aggregate<Command, null, Event>({ category: 'note', path: 'notes', meaning: 'x', topic, events: [NoteTaken], commands: [keep], decider: { decide: () => accept(), evolve: () => null, initialState: null } });",
    /'"keep"' is not assignable to type '"take"'/,
  ],
];

/** The messages of the compiler for each program, all compiled at once. */
const diagnosticsOf = (programs: ReadonlyArray<string>): ReadonlyArray<string> => {
  const fileOf = (index: number): string => join(root, 'test', 'kit', `mistake-${index}.ts`);
  const virtual = new Map(programs.map((code, index) => [fileOf(index), `${PRELUDE}\n${code}`]));
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config,
    ts.sys,
    root,
  );
  const settings: ts.CompilerOptions = { ...options, noEmit: true, incremental: false, noUnusedLocals: false };
  delete settings.tsBuildInfoFile;
  const host = ts.createCompilerHost(settings);
  const real = { ...host };
  host.fileExists = (file) => virtual.has(file) || real.fileExists(file);
  host.readFile = (file) => virtual.get(file) ?? real.readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = virtual.get(file);
    return text === undefined ? real.getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version);
  };
  const program = ts.createProgram([...virtual.keys()], settings, host);
  return [...virtual.keys()].map((file) =>
    program
      .getSemanticDiagnostics(program.getSourceFile(file))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
      .join('\n'),
  );
};

spec('mistakes that the compiler finds', ({ test, before }) => {
  const found: string[] = [];
  before(() => void found.push(...diagnosticsOf(['', ...mistakes.map(([, code]) => code)])));

  test('are none where there is none', () => assert.is(found[0], ''));
  mistakes.forEach(([what, , message], index) => {
    test(`${what} is named`, () => assert.match(found[index + 1] ?? '', message));
  });
});
