/** An export is there as a whole or not at all, and an import takes a whole file or nothing. */
import { spawnSync } from 'node:child_process';
import { application } from '../../projections/fulfilment/application';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { exportStore } from '../../api/cli/export';
import { importStore, type ImportChoices } from '../../api/cli/import';
import { readConfiguration } from '../../infra/configuration';
import { FileNotWritten, writeWholeFile } from '../../infra/files/whole-file';
import { openForReading } from '../../infra/sqlite/database';
import { openEventReader } from '../../infra/sqlite/event-feed';
import type { StoreIdentity } from '../../infra/event-store/event-feed';
import { ImportRefused } from '../../infra/archive/import-events';
import { withStore } from '../infra/sqlite/store-fixture';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';
import { spec } from '../spec';
import { runTidemark } from '../support/server';

const EVENTS = 80;
/** Texts that readers of lines have taken apart: JSON leaves U+2028 as it is. */
const TEXTS = [
  'plain',
  'caf\u00e9 \u{1f375}',
  'one\u2028two',
  'three\u2029four',
  'five\u0085six',
  'a "quoted" ,"data":{ text',
];

const folder = temporaryFolder();
let folders = 0;
const newFolder = (): string => {
  folders += 1;
  const path = join(folder, String(folders));
  mkdirSync(path);
  return path;
};
const configurationOf = (dataDirectory: string) => readConfiguration({ DATA_DIR: dataDirectory });

const filledStore = async (widgets = 0): Promise<string> => {
  const data = newFolder();
  await withStore({ file: join(data, 'store.sqlite') }, async (store) => {
    const append = async (stream: string, type: string, payload: unknown): Promise<void> => {
      const appended = await store.append({
        streams: [{ stream, expectedVersion: 'any', events: [{ type, schemaVersion: 1, data: payload }] }],
        metadata: { correlationId: 'c1', causationId: 'r1', actor: 'tester' },
      })();
      assert.is(appended._tag, 'Right');
    };
    for (let index = 0; index < EVENTS; index += 1)
      await append(`order-o${index % 7}`, 'OrderCancelled', { orderId: 'o', reason: TEXTS[index % TEXTS.length] });
    for (let index = 0; index < widgets; index += 1) await append(`widget-w${index}`, 'WidgetMade', { index });
  });
  return data;
};

const openedIdentity = (data: string): StoreIdentity => {
  const reader = openEventReader(join(data, 'store.sqlite'));
  try {
    return reader.identity;
  } finally {
    reader.close();
  }
};

const everything = (data: string): unknown => {
  const reader = openEventReader(join(data, 'store.sqlite'));
  try {
    return reader.readAll({ afterPosition: 0, limit: 1_000 });
  } finally {
    reader.close();
  }
};

/** Also of a store that no program has opened yet, which has no id. */
const eventsOf = (data: string): number => {
  const database = openForReading(join(data, 'store.sqlite'));
  try {
    return database.prepare<[], number>('SELECT count(*) FROM events').pluck().get() ?? 0;
  } finally {
    database.close();
  }
};

const STRICT: ImportChoices = { acceptIncomplete: false, allowUnknown: false, keepStoreId: false };

const refusal = async (file: string, choices: ImportChoices = STRICT): Promise<string> => {
  const data = newFolder();
  try {
    await importStore(application, configurationOf(data), file, choices, () => undefined);
  } catch (error) {
    assert.instance(error, ImportRefused);
    // All or nothing: no event, and no unfinished file.
    assert.equal(existsSync(join(data, 'store.sqlite')) ? eventsOf(data) : 0, 0);
    assert.not(readdirSync(data).some((name) => name.includes('importing')));
    return (error as Error).message;
  }
  throw new Error(`${file} was taken in`);
};

const takenIn = async (file: string, choices: ImportChoices = STRICT) => {
  const data = newFolder();
  const lines: string[] = [];
  await importStore(application, configurationOf(data), file, choices, (line) => lines.push(line));
  return { events: everything(data), output: lines.join('\n') };
};

spec('an export', ({ test, before }) => {
  let data: string;
  let text: string;
  let lines: ReadonlyArray<string>;
  before(async () => {
    data = await filledStore();
    const file = join(newFolder(), 'events.jsonl');
    await exportStore(configurationOf(data), file);
    text = readFileSync(file, 'utf8');
    lines = text.split('\n').slice(0, -1);
  });
  const fileOf = (content: string | Buffer): string => {
    const file = join(newFolder(), 'events.jsonl');
    writeFileSync(file, content);
    return file;
  };

  test('ends with a line that counts the events before it and has their digest', () => {
    assert.is(lines.length, EVENTS + 1);
    const trailer = JSON.parse(lines.at(-1) ?? '') as Readonly<Record<string, unknown>>;
    assert.is(trailer['specversion'], '1.0');
    assert.is(trailer['type'], 'tidemark.export.completed');
    const sha256 = createHash('sha256')
      .update(
        lines
          .slice(0, -1)
          .map((line) => `${line}\n`)
          .join(''),
      )
      .digest('hex');
    const { storeId } = openedIdentity(data);
    assert.equal(trailer['data'], { events: EVENTS, lastPosition: EVENTS, sha256, storeId });
  });

  test('comes back byte for byte, whatever stands in its texts', async () => {
    assert.equal((await takenIn(fileOf(text))).events, everything(data));
    assert.equal((await takenIn(fileOf(text.replaceAll('\n', '\r\n')))).events, everything(data));
    assert.equal((await takenIn(fileOf(gzipSync(text)))).events, everything(data));
    const empty = newFolder();
    await withStore({ file: join(empty, 'store.sqlite') }, () => Promise.resolve());
    const file = join(newFolder(), 'none.jsonl');
    await exportStore(configurationOf(empty), file);
    assert.equal((await takenIn(file)).events, []);
  });

  const swapped = (all: ReadonlyArray<string>): ReadonlyArray<string> => [all[1] ?? '', all[0] ?? '', ...all.slice(2)];
  const broken: ReadonlyArray<readonly [what: string, change: () => string | Buffer, reason: RegExp]> = [
    [
      'cut at the end of a line',
      () => `${lines.slice(0, 40).join('\n')}\n`,
      /does not end as an export does \(events before its end: 40,/,
    ],
    [
      'cut before its last line',
      () => lines.slice(0, -1).join('\n'),
      /does not end as an export does \(events before its end: 80,/,
    ],
    ['cut in the middle of a line', () => text.slice(0, 5_000), /^line \d+: the value is not JSON: .*cut off/],
    ['cut in the middle of its last line', () => text.slice(0, -20), /^line 81: the value is not JSON/],
    ['empty', () => '', /does not end as an export does \(events before its end: 0,/],
    ['of empty lines', () => '\n\n\n', /does not end as an export does \(events before its end: 0,/],
    ['longer than it says', () => `${text}${lines[0] ?? ''}\n`, /^line 82: the export ended in line 81/],
    ['two files joined', () => text + text, /^line 82: the export ended in line 81/],
    ['reordered', () => swapped(lines).join('\n'), /^line 1: position 2 comes after 0/],
    ['without its first line', () => lines.slice(1).join('\n'), /^line 1: position 2 comes after 0/],
    [
      'without a line near its end',
      () => [...lines.slice(0, 79), lines.at(-1)].join('\n'),
      /incomplete: its last line says 80 events up to position 80, but it has 79/,
    ],
    ['changed in a payload', () => text.replace('plain', 'plane'), /changed after its export: the digest/],
    [
      'of another encoding',
      () => Buffer.from(text.replace('caf\u00e9', 'caf~')).map((byte) => (byte === 0x7e ? 0xe9 : byte)) as Buffer,
      /is not valid UTF-8/,
    ],
    ['cut where gzip has compressed it', () => gzipSync(text).subarray(0, -30), /can't be read: /],
    [
      'with a broken last line',
      () => [...lines.slice(0, -1), '{"type":"tidemark.export.completed"}'].join('\n'),
      /^line 81: the line that ends the export has no count/,
    ],
    [
      'with a time without a zone',
      () => lines[0]?.replace(/"time":"[^"]*"/, '"time":"2026-01-01T12:00:00"') ?? '',
      /attribute 'time' is "2026-01-01T12:00:00"; it takes a time with its zone/,
    ],
    [
      'with a day that is not there',
      () => lines[0]?.replace(/"time":"[^"]*"/, '"time":"2026-02-30T12:00:00Z"') ?? '',
      /attribute 'time'/,
    ],
    [
      'with a stream without a category',
      () => lines[0]?.replace('order-o0@1', 'order@1') ?? '',
      /'order' is not the name of a stream/,
    ],
  ];
  for (const [what, change, reason] of broken)
    test(`is refused where it is ${what}`, async () => assert.match(await refusal(fileOf(change())), reason));

  test('that ends otherwise is taken where that is said to be meant', async () => {
    const cut = fileOf(`${lines.slice(0, 40).join('\n')}\n`);
    const { events } = await takenIn(cut, { ...STRICT, acceptIncomplete: true });
    assert.is((events as ReadonlyArray<unknown>).length, 40);
    // What says that it is whole is held to it all the same.
    const file = fileOf(text.replace('plain', 'plane'));
    assert.match(await refusal(file, { ...STRICT, acceptIncomplete: true }), /digest/);
  });

  test('of events that this program does not know copies them, and their import has to be meant', async () => {
    const other = await filledStore(3);
    const file = join(newFolder(), 'widgets.jsonl');
    await exportStore(configurationOf(other), file);
    assert.match(
      await refusal(file),
      /this program does not know the category 'widget' \(3 events, the first in line 81\); --allow-unknown imports/,
    );
    const { events, output } = await takenIn(file, { ...STRICT, allowUnknown: true });
    assert.equal(events, everything(other));
    assert.match(output, /unknown to this program, imported nevertheless: the category 'widget' \(3 events/);
    const type = fileOf(lines[0]?.replaceAll('OrderCancelled', 'OrderFramed') ?? '');
    const version = fileOf(lines[0]?.replace('OrderCancelled/1', 'OrderCancelled/9') ?? '');
    const elsewhere = fileOf(lines[0]?.replace('order-o0@1', 'stock-o0@1') ?? '');
    const made = { ...STRICT, acceptIncomplete: true };
    assert.match(await refusal(type, made), /does not know OrderFramed version 1 of the category 'order' \(1 event, /);
    assert.match(await refusal(version, made), /does not know OrderCancelled version 9 of the category 'order'/);
    assert.match(await refusal(elsewhere, made), /does not know OrderCancelled version 1 of the category 'stock'/);
  });

  test('says one sentence and leaves no file where it cannot be written', async () => {
    const target = newFolder();
    for (const [file, reason] of [
      [join(target, 'nowhere', 'events.jsonl'), /was not written: ENOENT/],
      [target, /already exists/],
      ['/dev/full', /already exists/],
    ] as const) {
      const { status, output } = await runTidemark(['export', file], { DATA_DIR: data });
      assert.is(status, 1);
      assert.match(output, reason);
      assert.is(output.trim().split('\n').length, 1, output);
    }
    assert.equal(readdirSync(target), []);
    const there = fileOf('mine');
    assert.is((await runTidemark(['export', there], { DATA_DIR: data })).status, 1);
    assert.is(readFileSync(there, 'utf8'), 'mine');
    const missing = await runTidemark(['import', join(target, 'none.jsonl')], { DATA_DIR: newFolder() });
    assert.match(missing.output, /^tidemark: .*none\.jsonl can't be read: ENOENT/);
    assert.is(missing.status, 1);
  });

  test('goes to standard output with the same last line, or says that it cannot', async () => {
    const main = join(__dirname, '..', '..', 'api', 'cli', 'main.js');
    const full = openSync('/dev/full', 'w');
    const environment = { ...process.env, DATA_DIR: data };
    const failed = spawnSync(process.execPath, [main, 'export'], { env: environment, stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    assert.is(failed.status, 1);
    assert.match(failed.stderr.toString(), /^tidemark: standard output can't be written: ENOSPC[^\n]*\n$/);
    const { status, output } = await runTidemark(['export'], { DATA_DIR: data });
    assert.is(status, 0);
    assert.equal(output.split('\n').slice(0, -2), lines.slice(0, -1));
    assert.match(output.split('\n').at(-2) ?? '', /tidemark\.export\.completed/);
  });
});

spec('a whole file', ({ test }) => {
  test('has its name only once all of it is on the disk', () => {
    const target = newFolder();
    const file = join(target, 'a.txt');
    const options = { mode: 0o600, replaces: false };
    const failing = function* (): Generator<string> {
      yield 'half';
      assert.equal(readdirSync(target), ['a.txt.partial']);
      throw new RangeError('no more');
    };
    assert.throws(() => writeWholeFile(file, failing(), options), /no more/);
    assert.equal(readdirSync(target), []);
    // What was left behind by a writer that was killed stands in nobody's way.
    writeFileSync(`${file}.partial`, 'left behind');
    writeWholeFile(file, ['one', 'two'], options);
    assert.is(readFileSync(file, 'utf8'), 'onetwo');
    assert.equal(readdirSync(target), ['a.txt']);
  });

  test('is not replaced unless that is meant, not even by one that came first', () => {
    const file = join(newFolder(), 'a.txt');
    const options = { mode: 0o600, replaces: false };
    const overtaken = function* (): Generator<string> {
      yield 'mine';
      writeFileSync(file, 'theirs');
    };
    assert.throws(
      () => writeWholeFile(file, overtaken(), options),
      (error: unknown) => error instanceof FileNotWritten,
    );
    assert.is(readFileSync(file, 'utf8'), 'theirs');
    writeWholeFile(file, ['mine'], { ...options, replaces: true });
    assert.is(readFileSync(file, 'utf8'), 'mine');
  });

  test('is not taken from a writer that took the unfinished one over', () => {
    const file = join(newFolder(), 'a.txt');
    const options = { mode: 0o600, replaces: true };
    const raced = function* (): Generator<string> {
      yield 'first';
      writeWholeFile(file, ['second'], options);
    };
    assert.throws(() => writeWholeFile(file, raced(), options), /another process is writing/);
    assert.is(readFileSync(file, 'utf8'), 'second');
  });
});
