/** The lint rule of the package: what it reports in pure code, and what it leaves alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import * as assert from 'uvu/assert';
import { pureCode } from '../../projections/purity/purity';
import { spec } from '../spec';

const linter = new Linter();

/** The messages for a file of TypeScript. */
const messagesFor = (code: string, filename = 'domain/loan.ts'): ReadonlyArray<string> =>
  linter
    .verify(
      code,
      [
        { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } },
        pureCode(['domain/**', 'projections/**']) as unknown as Linter.Config,
      ],
      { filename },
    )
    .map(({ message }) => message);

const reported: ReadonlyArray<readonly [what: string, code: string, message: RegExp]> = [
  [
    'Date.now()',
    'export const now = () => Date.now();',
    /^Date\.now does not belong into pure code: the time is another in every replay/,
  ],
  ["Date['now']()", "export const now = () => Date['now']();", /^Date\.now/],
  ['globalThis.Date.now()', 'export const now = () => globalThis.Date.now();', /^Date\.now/],
  ['new Date()', 'export const now = () => new Date();', /^Date\.now/],
  ['Date()', 'export const now = () => Date();', /^Date\.now/],
  ['performance.now()', 'export const now = () => performance.now();', /^performance\.now/],
  ['Math.random()', 'export const dice = () => Math.random();', /^Math\.random .*chance is another in every replay/],
  ['crypto.randomUUID()', 'export const id = () => crypto.randomUUID();', /^crypto\.randomUUID/],
  [
    'an import of node:crypto',
    "import { randomUUID } from 'node:crypto'; export const id = randomUUID;",
    /^The module node:crypto/,
  ],
  ['process.env', 'export const term = () => process.env.TERM;', /^process\.env .*declare a setting/],
  [
    'an import of fs',
    "import { readFileSync } from 'fs'; export const read = readFileSync;",
    /^The module fs .*let an effect/,
  ],
  ['an import of node:fs/promises', "export { readFile } from 'node:fs/promises';", /^The module node:fs\/promises/],
  ['a later import of net', "export const open = () => import('node:net');", /^The module node:net/],
  ['require of http', "exports.open = () => require('http');", /^The module http/],
  ['fetch', "export const call = () => fetch('http://x');", /^fetch does not belong/],
  ['a timer', 'export const later = (work) => setTimeout(work, 1);', /^setTimeout .*or set a deadline/],
  ['console', "export const log = () => console.log('x');", /^console\.log/],
  [
    'an assignment to a state',
    'export const evolve = (state) => { state.open = 1; return state; };',
    /^This changes a value that the function was given: return a new value/,
  ],
  ['one with another operator', 'export function evolve(state) { state.open += 1; return state; }', /^This changes/],
  ['an increment', 'export const evolve = (state) => { state.loans.open++; return state; };', /^This changes/],
  ['a deletion', 'export const evolve = (state, event) => { delete event.data.note; return state; };', /^This changes/],
  ['a push', 'export const evolve = (state, event) => { state.list.push(event); return state; };', /^This changes/],
  ['a sort in place', 'export const decide = (command, state) => state.list.sort();', /^This changes/],
  [
    'a change through a cast',
    'export const evolve = (state: State) => { (state as Mutable).open = 1; return state; };',
    /^This changes/,
  ],
  [
    'a change of a part that got a name',
    'export const evolve = (state) => { const { list } = state; const same = list; same.push(1); return state; };',
    /^This changes/,
  ],
  [
    'a change of a destructured parameter',
    'export const evolve = ({ list }) => { list.push(1); return list; };',
    /^This changes/,
  ],
  [
    'a change of each part',
    'export const evolve = (state) => { for (const loan of state.loans) loan.open = 1; return state; };',
    /^This changes/,
  ],
  [
    'Object.assign to a state',
    'export const evolve = (state, event) => Object.assign(state, event.data);',
    /^This changes/,
  ],
  [
    'what a module remembers',
    'let count = 0; export const evolve = (state) => { count += 1; return state; };',
    /^This remembers something outside/,
  ],
];

const allowed: ReadonlyArray<readonly [what: string, code: string]> = [
  ['a time made of data', 'export const due = (at) => new Date(Date.parse(at) + 5).toISOString();'],
  ['a name of its own', 'export const decide = (Date) => Date.now();'],
  ['types of modules', "import type { Hash } from 'node:crypto'; export type H = Hash;"],
  ['other modules', "import { field } from 'tidemark'; export const x = field;"],
  ['arithmetic', 'export const sum = (list) => Math.max(...list);'],
  [
    'copies',
    'export const evolve = (state) => { const list = [...state.list]; list.push(1); return { ...state, list }; };',
  ],
  [
    'a list of its own',
    'export const decide = (items) => { const found = []; for (const item of items) found.push(item.id); return found; };',
  ],
  [
    'a variable of its own',
    'export const total = (list) => { let sum = 0; for (const each of list) sum += each; return sum; };',
  ],
  ['Object.assign to a new value', 'export const evolve = (state, event) => Object.assign({}, state, event.data);'],
  [
    'maps that return new ones',
    'export const evolve = (state, event) => ({ ...state, loans: state.loans.set(event.id, 1) });',
  ],
];

spec('the lint rule', ({ test }) => {
  for (const [what, code, message] of reported) {
    test(`reports ${what}`, () => {
      const messages = messagesFor(code);
      assert.is(messages.length, 1, messages.join('\n'));
      assert.match(messages[0] ?? '', message);
    });
  }
  for (const [what, code] of allowed) test(`allows ${what}`, () => assert.equal(messagesFor(code), []));

  test('leaves files alone that are not named', () => {
    assert.equal(messagesFor('export const now = () => Date.now();', 'server/main.ts'), []);
  });

  test('finds nothing in the shipped domain, nor in the example', () => {
    const root = join(__dirname, '..', '..', '..');
    const folders = ['domain/order', 'domain/stock', 'domain/payment', 'domain/fulfilment', 'projections/fulfilment'];
    const files = folders.flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name)),
    );
    assert.ok(files.length > 15);
    for (const file of files) assert.equal(messagesFor(readFileSync(join(root, file), 'utf8'), file), [], file);
    const library = join('test', 'examples', 'library');
    for (const name of ['loan.ts', 'member-loans.ts', 'reminders.ts'])
      assert.equal(messagesFor(readFileSync(join(root, library, name), 'utf8'), `domain/${name}`), [], name);
  });
});
