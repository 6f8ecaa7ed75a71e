/** The data files of each release, kept so that every later release is held to opening them. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const ROOT = join(__dirname, '..', '..', '..');
const FOLDER = join(ROOT, 'test', 'fixtures', 'upgrade');
/** A role may leave a write-ahead log behind, which belongs to its file. */
const DATA_FILE = /^(store|relay|views|reactors)\.sqlite(-wal)?$/;

/** So long that no order of a fixture is ever cancelled for it. */
export const PAYMENT_TERM_MS = '3153600000000';

export type Row = Readonly<Record<string, unknown>>;

/** What the release that wrote the files answered. */
export interface Answers {
  readonly views: Readonly<Record<string, ReadonlyArray<Row>>>;
  readonly streams: Readonly<Record<string, unknown>>;
}

export const VIEWS = ['order-summary', 'sales-by-day', 'stock-level', 'customer-orders'];
export const STREAMS = ['order-u-o0', 'payment-u-o0-1'];

/** The releases that files are kept of. */
export const releases = (): ReadonlyArray<string> => (existsSync(FOLDER) ? readdirSync(FOLDER).sort() : []);

/** Asks a server for everything that a fixture remembers. */
export const answersOf = async (url: string): Promise<Answers> => {
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${url}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const views = VIEWS.map(async (name) => {
    const { items } = (await ask(`/views/${name}?limit=100`)) as { readonly items: ReadonlyArray<Row> };
    return [name, items] as const;
  });
  const streams = STREAMS.map(async (name) => [name, await ask(`/streams/${name}`)] as const);
  return {
    views: Object.fromEntries(await Promise.all(views)),
    streams: Object.fromEntries(await Promise.all(streams)),
  };
};

/** Keeps the files of a data folder whose program has ended, under a release. */
export const keep = (release: string, data: string, answers: Answers): string => {
  const folder = join(FOLDER, release);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(data).filter((each) => DATA_FILE.test(each))) {
    writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(join(data, name)), { level: 9 }));
  }
  writeFileSync(join(folder, 'answers.json'), `${JSON.stringify(answers, undefined, 1)}\n`);
  return folder;
};

/** Puts the files of a release into an empty data folder; returns what that release answered. */
export const restore = (release: string, data: string): Answers => {
  const folder = join(FOLDER, release);
  mkdirSync(data, { recursive: true });
  for (const file of readdirSync(folder).filter((each) => each.endsWith('.gz'))) {
    const name = file.slice(0, -'.gz'.length);
    writeFileSync(join(data, name), gunzipSync(readFileSync(join(folder, file))), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Answers;
};
