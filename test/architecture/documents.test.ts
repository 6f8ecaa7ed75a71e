/** The documents: short enough to be read, with no dead link, and no file that is not there. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';

const root = join(__dirname, '..', '..', '..');
const documents = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

const MAX_README_LINES = 200;
const MAX_README_CHARACTERS = 160;

spec('the documents', ({ test }) => {
  test('begin with a README of at most 200 lines of at most 160 characters', () => {
    const lines = read('README.md').trimEnd().split('\n');
    assert.ok(lines.length <= MAX_README_LINES, `${lines.length} lines`);
    assert.equal(
      lines.filter((line) => line.length > MAX_README_CHARACTERS),
      [],
    );
  });

  test('link to nothing that is not there', () => {
    const dead = documents.flatMap((name) =>
      [...read(name).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !existsSync(join(root, dirname(name), link)))
        .map((link) => `${name}: ${link}`),
    );
    assert.equal(dead, []);
  });

  test('name no file of the source that is not there', () => {
    const paths = /`((?:domain|infra|projections|api|test)\/[a-z0-9/-]+(?:\.[a-z]+)?)`/g;
    const missing = documents.flatMap((name) =>
      [...read(name).matchAll(paths)]
        .map(([, path = '']) => path)
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${name}: ${path}`),
    );
    assert.equal(missing, []);
  });

  test('show in the tutorial the files of the program that it makes, or parts of them', () => {
    const folder = join(root, 'api', 'scaffold', 'template', 'source');
    const sources = readdirSync(folder).map((name) =>
      readFileSync(join(folder, name), 'utf8').replaceAll('__NAME__', 'lending'),
    );
    const blocks = [...read('docs/tutorial.md').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
    assert.ok(blocks.length >= 8, `${blocks.length} blocks`);
    assert.equal(
      blocks.filter((code) => !sources.some((source) => source.includes(code))),
      [],
    );
  });

  test('are installed without a package that reports its installation', () => {
    assert.not.match(read('package-lock.json'), /@scarf\/scarf/);
  });
});
