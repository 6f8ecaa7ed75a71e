/** The layout, held by a test: what may import what is in .dependency-cruiser.cjs; here is what imports can't show. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';

const root = join(__dirname, '..', '..', '..');
const rooms = ['domain', 'infra', 'projections', 'api'];

/** The table that the rules are made of. */
interface DependencyTable {
  readonly rooms: Readonly<Record<string, ReadonlyArray<string>>>;
  readonly roomsWithDoors: ReadonlyArray<string>;
  readonly sqlRooms: ReadonlyArray<string>;
  readonly behindPorts: Readonly<Record<string, ReadonlyArray<string>>>;
  readonly libraries: Readonly<Record<string, ReadonlyArray<string>>>;
}
// A file of the root, in the language of the tool that reads it.
const table = createRequire(__filename)(join(root, '.dependency-rooms.cjs')) as DependencyTable;

const sources = rooms
  .flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
  )
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

const filesWith = (pattern: RegExp): ReadonlyArray<string> =>
  sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name);

const cruise = (folders: ReadonlyArray<string>): { readonly status: number | null; readonly output: string } => {
  const depcruise = join(root, 'node_modules', '.bin', 'depcruise');
  const options = ['--config', '.dependency-cruiser.cjs', ...folders];
  const { status, stdout, stderr } = spawnSync(depcruise, options, { cwd: root, encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

spec('the architecture', ({ test, after }) => {
  const probes: string[] = [];
  after(() => {
    for (const probe of probes) rmSync(probe, { recursive: true, force: true });
  });

  test('reads the environment in one file', () => {
    assert.equal(filesWith(/process\.env/), ['infra/configuration.ts']);
  });

  test('takes time and chance from one file', () => {
    const pattern = /Date\.now|new Date\(\)|performance\.now|process\.hrtime|Math\.random|randomUUID/;
    // A browser has a clock of its own; the lint rule names what it refuses.
    const expected = ['api/console/pages/clock.ts', 'infra/clock.ts', 'projections/purity/impure-names.ts'];
    assert.equal([...filesWith(pattern)].sort(), expected);
  });

  test('hands projections and the domain nothing that could differ from replay to replay', () => {
    // What needs no import: timers, the network, the process, the machine's language and time zone.
    const pattern =
      /\b(fetch|setTimeout|setInterval|setImmediate|queueMicrotask|performance|crypto|process|globalThis|Intl|require)\b\s*[.(]|toLocale|getTimezoneOffset|await /;
    const pure = sources.filter(({ name }) => /^domain\/|^projections\/[^/]+\.ts$/.test(name));
    assert.equal(
      pure.filter(({ text }) => pattern.test(text)).map(({ name }) => name),
      [],
    );
    assert.ok(pure.length > 20);
  });

  test('keeps SQL, and what SQLite says, in the rooms of a store', () => {
    assert.equal(filesWith(/SQLITE_[A-Z]/), ['infra/sqlite/sqlite-fault.ts']);
    const isSql = /\.(prepare|pragma|exec)(<[^(]*>)?\(\s*['"`]|\bBetterSqlite3\b|\.prepare</;
    const elsewhere = filesWith(isSql).filter((name) => !table.sqlRooms.includes(dirname(name)));
    assert.equal(elsewhere, []);
    const [withSql, ...others] = [...table.sqlRooms, 'none'].map(
      (room) => filesWith(isSql).filter((name) => dirname(name) === room).length,
    );
    assert.ok(
      (withSql ?? 0) > 5 && others.slice(0, -1).every((count) => count > 0),
      'the pattern finds what it looks for',
    );
  });

  test('has no any, no suppressed error and no forgotten work', () => {
    const pattern = /\bas any\b|: any\b|<any>|@ts-ignore|@ts-expect-error|@ts-nocheck|TODO|FIXME|not implemented/;
    assert.equal(filesWith(pattern), []);
  });

  test('has no room for what has no name', () => {
    const vague = sources.map(({ name }) => name).filter((name) => /(utils?|helpers?|common|misc)\b/.test(name));
    assert.equal(vague, []);
  });

  test('names files in kebab-case', () => {
    const others = sources
      .map(({ name }) => name)
      // The tests of a new program have the names that its test runner looks for.
      .filter((name) => !(name.startsWith('api/scaffold/template/') && name.endsWith('.test.ts')))
      .filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name.split('/').at(-1) ?? ''));
    assert.equal(others, []);
  });

  test('lets imports point one way, and each library have one room', () => {
    const { status, output } = cruise(rooms);
    assert.is(status, 0, output);
  });

  /** A probe that its rule must refuse: where it stands, and what it imports. */
  interface Probe {
    readonly rule: string;
    readonly room: string;
    readonly imports: string;
  }

  const fileIn = (room: string): string =>
    sources.find(({ name }) => name.slice(0, name.lastIndexOf('/')) === room)?.name.slice(0, -'.ts'.length) ?? room;
  const relativeTo = (room: string, file: string): string => {
    const path = relative(room, file);
    return path.startsWith('.') ? path : `./${path}`;
  };

  const roomProbes = Object.entries(table.rooms).flatMap(([room, mayImport]): ReadonlyArray<Probe> => {
    const refused = Object.keys(table.rooms).find((other) => other !== room && !mayImport.includes(other));
    return refused === undefined ? [] : [{ rule: `room ${room}`, room, imports: relativeTo(room, fileIn(refused)) }];
  });

  // One for each room that another may import: it imports that one.
  const directionProbes = Object.keys(table.rooms).flatMap((room): ReadonlyArray<Probe> => {
    const importer = Object.keys(table.rooms).find((other) => other !== room && table.rooms[other]?.includes(room));
    if (importer === undefined) return [];
    return [{ rule: `one direction of ${room}`, room, imports: relativeTo(room, fileIn(importer)) }];
  });

  const doorProbes = Object.keys(table.rooms)
    .filter((room) => table.roomsWithDoors.some((house) => room.startsWith(`${house}/`)))
    .flatMap((room): ReadonlyArray<Probe> => {
      const door = `${room}/${room.split('/').at(-1) ?? ''}.ts`;
      const inside = sources.find(({ name }) => name.startsWith(`${room}/`) && name !== door);
      // A room of one file is its own door.
      if (inside === undefined) return [];
      return [{ rule: `door of ${room}`, room: 'api/cli', imports: relativeTo('api/cli', inside.name.slice(0, -3)) }];
    });

  const libraryProbes = Object.entries(table.libraries).flatMap(([library, folders]): ReadonlyArray<Probe> => {
    const room = Object.keys(table.rooms).find(
      (each) => !folders.some((folder) => `${each}/`.startsWith(`${folder}/`)),
    );
    return room === undefined ? [] : [{ rule: `library ${library}`, room, imports: library }];
  });

  const portProbes = Object.entries(table.behindPorts).flatMap(([file, openers]): ReadonlyArray<Probe> => {
    // One that may import the room that the file stands in: it is this rule alone that stops it.
    const room = Object.entries(table.rooms).find(
      ([each, mayImport]) =>
        mayImport.includes(dirname(file)) && !openers.some((opener) => `${each}/`.startsWith(opener)),
    )?.[0];
    if (room === undefined) return [];
    return [{ rule: `behind a port ${file}`, room, imports: relativeTo(room, file.slice(0, -'.ts'.length)) }];
  });

  const otherProbes: ReadonlyArray<Probe> = [
    { rule: 'domain-is-pure', room: 'domain/order', imports: 'node:fs' },
    { rule: 'projections-are-pure', room: 'projections', imports: '../infra/clock' },
    { rule: 'no-production-code-in-development-dependencies', room: 'infra', imports: 'fast-check' },
    { rule: 'sql-stands-in-the-rooms-of-a-store', room: 'infra/relay', imports: '../sqlite/database' },
    {
      rule: 'sql-stands-in-the-rooms-of-a-store',
      room: 'projections/engine/writer-thread',
      imports: '../../../infra/sqlite/database',
    },
    { rule: 'every-folder-is-a-room', room: 'infra/a-new-folder', imports: '../clock' },
  ];

  const all = [...roomProbes, ...directionProbes, ...doorProbes, ...libraryProbes, ...portProbes, ...otherProbes];
  let violations: ReadonlyArray<{ readonly from: string; readonly rule: { readonly name: string } }> = [];
  const fileOf = ({ room }: Probe, index: number): string => join(room, `architecture-probe-${index}.ts`);

  test('is held by a table of rooms and libraries that has rows enough', () => {
    assert.ok(roomProbes.length > 40 && directionProbes.length > 40);
    assert.ok(doorProbes.length > 12 && libraryProbes.length > 7);
    assert.is(portProbes.length, Object.keys(table.behindPorts).length);
    for (const [index, probe] of all.entries()) {
      const file = join(root, fileOf(probe, index));
      probes.push(file);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `import * as probe from '${probe.imports}';\nexport const value = probe;\n`);
    }
    probes.push(join(root, 'infra', 'a-new-folder'));
    const depcruise = join(root, 'node_modules', '.bin', 'depcruise');
    const options = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...rooms];
    const { stdout } = spawnSync(depcruise, options, { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
    for (const probe of probes) rmSync(probe, { recursive: true, force: true });
    ({ violations } = (JSON.parse(stdout) as { readonly summary: { readonly violations: typeof violations } }).summary);
  });

  for (const [index, probe] of all.entries()) {
    test(`refuses ${probe.imports} in ${probe.room} (${probe.rule})`, () => {
      const found = violations.filter(({ from }) => from === fileOf(probe, index)).map(({ rule }) => rule.name);
      assert.ok(found.includes(probe.rule), `found: ${found.join(', ')}`);
    });
  }
});
