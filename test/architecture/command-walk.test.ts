/** A command's way to its row, step by step: held against the sources, counted, and held to the table of the document. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';
import { countOf, countOfAll, entriesPastDoors, faultsOf, legsOf, sourcesIn, type Count, type Sources } from './walk';

const root = join(__dirname, '..', '..', '..');
const legs = legsOf(readFileSync(join(root, 'test', 'architecture', 'command-walk.txt'), 'utf8'));

const row = (name: string, { steps, files, crossings }: Count): string =>
  `| ${name} | ${steps} | ${files} | ${crossings} |`;

spec("a command's way to its row", ({ test }) => {
  test('goes through functions that are there, each of them known to its caller', () => {
    const sources = sourcesIn(root);
    assert.equal(
      legs.flatMap(({ steps }) => steps.flatMap((step) => faultsOf(sources, step))),
      [],
    );
  });

  test('enters no room past its door', () => {
    assert.equal(entriesPastDoors(sourcesIn(root), legs), []);
  });

  test('has as many steps, files and changes of room as the document says', () => {
    const document = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8').split('\n');
    const rows = [...legs.map((leg) => row(leg.name, countOf(leg))), row('all', countOfAll(legs))];
    // The count, for whoever changes the way.
    process.stdout.write(`${rows.join('\n')}\n`);
    assert.equal(
      rows.filter((each) => !document.includes(each)),
      [],
    );
  });
});

spec('a walk', ({ test }) => {
  const files = new Map([
    ['a/first.ts', "import { middle } from '../b/b';\nexport const first = () => middle();"],
    ['b/b.ts', "/** The door. */\nexport { middle } from './middle';\nexport type { Port } from './port';"],
    ['b/middle.ts', "import type { Port } from './port';\nexport const middle = (port: Port) => port.last();"],
    ['b/port.ts', 'export interface Port {\n  readonly last: () => void;\n}'],
    ['c/last.ts', "import type { Port } from '../b/b';\nexport const port: Port = { last: () => undefined };"],
    ['c/stranger.ts', 'export const stranger = () => undefined;'],
  ]);
  const sources: Sources = { read: (file) => files.get(file) };
  const faults = (text: string): ReadonlyArray<string> =>
    legsOf(`# leg\n${text}`).flatMap(({ steps }) => steps.flatMap((step) => faultsOf(sources, step)));

  test('leads by imports, by doors and by ports', () => {
    assert.equal(faults('a/first.ts#first\n  b/middle.ts#middle\n    c/last.ts#last via b/port.ts'), []);
  });

  test('shows what is not there, and who does not know whom', () => {
    assert.equal(faults('a/gone.ts#first'), ['a/gone.ts is not there']);
    assert.equal(faults('a/first.ts#second'), ['a/first.ts has no function second']);
    assert.equal(faults('a/first.ts#first\n  c/stranger.ts#stranger'), ['a/first.ts does not lead to c/stranger.ts']);
    assert.equal(faults('b/middle.ts#middle\n  c/stranger.ts#stranger via b/port.ts'), [
      'b/middle.ts does not lead to c/stranger.ts through b/port.ts',
    ]);
    assert.throws(() => faults('a/first.ts'), 'this is no step');
    assert.throws(() => faults('    a/first.ts#first'), 'nobody calls this step');
  });

  test('shows who comes in past a door', () => {
    const past = '# leg\nc/stranger.ts#stranger\n  b/middle.ts#middle';
    assert.equal(entriesPastDoors(sources, legsOf(past)), ['c/stranger.ts -> b/middle.ts']);
    assert.equal(entriesPastDoors(sources, legsOf('# leg\na/first.ts#first\n  b/middle.ts#middle')), []);
  });

  test('is counted by its lines, its files and its changes of folder', () => {
    const [leg] = legsOf('# leg\na/first.ts#first\n  b/middle.ts#middle\n  b/port.ts#last\na/first.ts#first');
    assert.equal(leg === undefined ? undefined : countOf(leg), { steps: 4, files: 3, crossings: 2 });
  });
});
