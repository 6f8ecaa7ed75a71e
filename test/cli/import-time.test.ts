/** Whatever a program's definitions throw, and whenever: one sentence and exit code 1, from every command. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { failureLine } from '../../api/cli/failure-line';
import { startViewsWorker } from '../../projections/engine/writer-thread/client';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';
import { spec } from '../spec';
import { programCopy, type ProgramCopy } from '../support/program-copy';
import { freePort } from '../support/server';

const STOCK = 'domain/stock/stock.js';

spec('a program whose definitions throw while they are loaded', ({ test, before }) => {
  let copy: ProgramCopy;
  let original: string;
  before(() => {
    copy = programCopy();
    original = copy.read(STOCK);
  });

  const changedTo = (text: string): void => writeFileSync(join(copy.folder, 'build', STOCK), text);
  const says = async (command: ReadonlyArray<string>, sentence: RegExp): Promise<void> => {
    const { status, output } = await copy.run(command, { PORT: String(await freePort()) });
    assert.is(status, 1, output);
    // What is thrown a moment later may come after lines of the log.
    assert.is(output.match(/^tidemark: .*$/gm)?.length, 1, output);
    assert.match(output, sentence);
    assert.not.match(output, /^\s+at /m);
  };

  const DUPLICATE = /^tidemark: the catalog names the topic 'orders' twice/;
  for (const command of [
    ['serve'],
    ['contracts', 'list'],
    ['contracts', 'check'],
    ['export'],
    ['import', '/dev/null'],
    ['offsets'],
  ])
    test(`ends '${command.join(' ')}' with one sentence where a topic is declared twice, if it loads them`, async () => {
      changedTo(original.replace("name: 'stock'", "name: 'orders'"));
      const loads = !['export', 'offsets'].includes(command[0] ?? '');
      if (loads) await says(command, DUPLICATE);
      else assert.not.match((await copy.run(command)).output, /^\s+at /m);
    });

  const thrown: ReadonlyArray<readonly [what: string, code: string, sentence: RegExp]> = [
    ['a name that cannot be one', '', /^tidemark: an aggregate: 'gift-card' can't be a category; it takes lower-case/],
    [
      'an error',
      "throw new Error('no\\nluck');",
      /^tidemark: no \(at .*stock\.js:\d+:\d+; TIDEMARK_DEBUG=true shows the stack\)/,
    ],
    ['a mistake', 'null.x;', /^tidemark: TypeError: Cannot read properties of null.*stock\.js:\d+/],
    ['a syntax error', 'const = 1;', /^tidemark: SyntaxError: Unexpected token '='.*stock\.js:\d+; /],
    ['a module that is not there', "require('./nowhere');", /^tidemark: Cannot find module '\.\/nowhere' \(/],
    ['a text', "throw 'out of stock';", /^tidemark: something that is not an error was thrown: out of stock$/m],
    ['nothing', 'throw undefined;', /^tidemark: something that is not an error was thrown: undefined$/m],
    ['an object', 'throw { code: 7 };', /^tidemark: something that is not an error was thrown: \{"code":7\}$/m],
    ['an error that nobody waits for', "Promise.reject(new Error('later'));", /^tidemark: later \(at .*stock\.js/m],
  ];
  for (const [what, code, sentence] of thrown)
    test(`ends 'serve' with one sentence where they throw ${what}`, async () => {
      changedTo(code === '' ? original.replace("category: 'stock'", "category: 'gift-card'") : `${code}\n${original}`);
      await says(['serve'], sentence);
    });

  test('shows the stack to whoever asks for it', async () => {
    changedTo(`throw new Error('no luck');\n${original}`);
    const { status, output } = await copy.run(['serve'], { TIDEMARK_DEBUG: 'true' });
    assert.is(status, 1);
    assert.match(output, /^tidemark: Error: no luck\n\s+at /m);
  });

  for (const [what, code, reason] of [
    ['an error', "throw new Error('only in the thread');", /only in the thread/],
    ['no error', "throw 'only in the thread';", /not an error was thrown: 'only in the thread'/],
    ['no error, later', 'setTimeout(() => { throw undefined; }); exports.catalog = { aggregates: [] };', /./],
  ] as const)
    test(`tells the program what the thread of the views throws: ${what}`, async () => {
      const folder = temporaryFolder();
      const applicationFile = join(folder, 'definitions.js');
      writeFileSync(applicationFile, code);
      const data = {
        viewsFile: join(folder, 'views.sqlite'),
        storeFile: join(folder, 'store.sqlite'),
        leaseTtlMs: 3_000,
      };
      const worker = startViewsWorker({
        ...data,
        applicationFile,
        topics: {},
        projections: [],
        onWaiting: () => undefined,
      });
      const error: unknown = await worker.opened.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.instance(error, Error);
      assert.match((error as Error).message, reason);
      await worker.close();
    });
});

spec('a sentence about what was thrown', ({ test }) => {
  test('is one line for what nobody has worded, and bounded', () => {
    const line = failureLine(new Error('x'.repeat(10_000)), false);
    assert.ok(line.length < 1_000);
    assert.is(line.split('\n').length, 1);
    assert.match(failureLine(new Error(''), false), /^an error without a message was thrown/);
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const each of [null, undefined, Symbol('s'), 7n, () => 1, circular, Object.create(null)])
      assert.match(failureLine(each, false), /^something that is not an error was thrown/);
  });
  test('is that of the system where the system refused', () => {
    const error = Object.assign(new Error("EACCES: permission denied, open '/x'"), { code: 'EACCES', syscall: 'open' });
    assert.is(failureLine(error, false), "EACCES: permission denied, open '/x'");
  });
});
