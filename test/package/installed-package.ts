/**
 * The package as its users get it: packed from the sources, and installed into an empty folder by npm. The install takes the
 * versions of package-lock.json from npm's cache and runs no install script; the native parts, which take minutes to build,
 * are linked from the checkout. `REAL_INSTALL=true` (`make test-package`) installs without any of that.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';

const ROOT = join(__dirname, '..', '..', '..');
const CONSUMERS = join(ROOT, 'test', 'package', 'consumers');

/** Whether npm resolves, downloads and builds everything itself. */
export const isRealInstall = process.env['REAL_INSTALL'] === 'true';

/** The libraries with a native part, which an install without scripts leaves unbuilt. */
export type NativeLibrary = '@confluentinc/kafka-javascript' | 'better-sqlite3';

export interface Finished {
  readonly status: number;
  readonly output: string;
}

const execute = promisify(execFile);
const MAX_OUTPUT_BYTES = 10_000_000;

/** Runs a program to its end. */
export const finished = async (
  command: string,
  parameters: ReadonlyArray<string>,
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> => {
  try {
    const env = { ...process.env, ...environment };
    const { stdout, stderr } = await execute(command, [...parameters], { cwd, env, maxBuffer: MAX_OUTPUT_BYTES });
    return { status: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout?: string; stderr?: string };
    return { status: typeof code === 'number' ? code : 1, output: `${stdout ?? String(error)}${stderr ?? ''}` };
  }
};

const succeeded = async (...call: Parameters<typeof finished>): Promise<string> => {
  const { status, output } = await finished(...call);
  if (status !== 0) throw new Error(`${call[0]} ${call[1].join(' ')} ended with ${status}:\n${output}`);
  return output;
};

/** A tool of the checkout, by the path of its file below node_modules. */
export const tool = async (file: string, parameters: ReadonlyArray<string>, cwd: string): Promise<Finished> =>
  finished(process.execPath, [join(ROOT, 'node_modules', file), ...parameters], cwd);

// -------------------------------------------------------------------------------------
// Packing
// -------------------------------------------------------------------------------------

export interface PackedFile {
  readonly file: string;
  readonly bytes: number;
  /** The paths in the package. */
  readonly names: ReadonlyArray<string>;
}

/** Packs in a folder of its own: the `dist` of the checkout belongs to whoever works there. */
export const packed = async (): Promise<PackedFile> => {
  const folder = temporaryFolder();
  const manifest = readManifest();
  for (const name of [...manifest.files, 'package.json', 'README.md', 'LICENSE'].filter((each) => each !== 'dist'))
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  const { status, output } = await finished(process.execPath, ['.package-files.mjs', join(folder, 'dist')], ROOT);
  if (status !== 0) throw new Error(output);
  const printed = await succeeded('npm', ['pack', '--ignore-scripts', '--json'], folder);
  const [described] = JSON.parse(printed) as ReadonlyArray<{
    readonly filename: string;
    readonly size: number;
    readonly files: ReadonlyArray<{ readonly path: string }>;
  }>;
  if (described === undefined) throw new Error(printed);
  const { filename, size, files } = described;
  return { file: join(folder, filename), bytes: size, names: files.map(({ path }) => path) };
};

interface Manifest {
  readonly version: string;
  readonly files: ReadonlyArray<string>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const readManifest = (): Manifest => JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

// -------------------------------------------------------------------------------------
// Installing
// -------------------------------------------------------------------------------------

/** A folder with the package installed. */
export interface Installed {
  readonly folder: string;
  /** The file that npm made of the command. */
  readonly command: string;
}

/** Installs the package into a copy of one of `test/package/consumers`. Its native parts are there if it is a real install. */
export const installed = async (file: string, consumer: string): Promise<Installed> => {
  const folder = join(temporaryFolder(), consumer);
  cpSync(join(CONSUMERS, consumer), folder, { recursive: true });
  if (isRealInstall) {
    await succeeded('npm', ['install', '--no-audit', '--no-fund', file, '@types/node@20'], folder);
  } else {
    writeLock(folder, file);
    await succeeded('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], folder);
  }
  return { folder, command: join(folder, 'node_modules', '.bin', 'tidemark') };
};

/** Another consumer with the same installation. */
export const beside = ({ folder: other }: Installed, consumer: string): Installed => {
  const folder = join(temporaryFolder(), consumer);
  cpSync(join(CONSUMERS, consumer), folder, { recursive: true });
  symlinkSync(join(other, 'node_modules'), join(folder, 'node_modules'));
  return { folder, command: join(folder, 'node_modules', '.bin', 'tidemark') };
};

/** A program that the installed command makes, compiled, with the same installation and the checkout's development tools. */
export const newProgram = async ({ folder: other, command }: Installed, name: string): Promise<Installed> => {
  const parent = temporaryFolder();
  await succeeded(command, ['new', name], parent);
  const folder = join(parent, name);
  symlinkSync(join(other, 'node_modules'), join(folder, 'node_modules'));
  for (const library of ['eslint', 'typescript-eslint', 'typescript']) {
    const path = join('node_modules', library);
    if (!existsSync(join(folder, path))) symlinkSync(join(ROOT, path), join(folder, path));
  }
  const { status, output } = await tool('typescript/bin/tsc', [], folder);
  if (status !== 0) throw new Error(output);
  return { folder, command: join(folder, 'node_modules', '.bin', 'tidemark') };
};

/** Links the native part of a library where its install script would have built it. */
export const addNativePart = (folder: string, library: NativeLibrary): void => {
  const path = join('node_modules', library, 'build');
  if (!existsSync(join(folder, path))) symlinkSync(join(ROOT, path), join(folder, path));
};

interface LockEntry {
  readonly dev?: boolean;
}

/** The consumer's own lock: the package, with the versions that the checkout has of what it depends on. */
const writeLock = (folder: string, file: string): void => {
  const manifestFile = join(folder, 'package.json');
  const own = {
    ...(JSON.parse(readFileSync(manifestFile, 'utf8')) as Readonly<Record<string, unknown>>),
    dependencies: { tidemark: `file:${file}` },
    devDependencies: { '@types/node': '*' },
  };
  writeFileSync(manifestFile, JSON.stringify(own));
  const { version, dependencies } = readManifest();
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockEntry>>;
  };
  const kept = Object.entries(packages).filter(
    ([path, { dev }]) => path !== '' && (dev !== true || /\/(@types\/node|undici-types)$/.test(path)),
  );
  const bin = { tidemark: 'dist/api/cli/main.js' };
  const lock = {
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': own,
      'node_modules/tidemark': { version, resolved: `file:${file}`, dependencies, bin },
      ...Object.fromEntries(kept),
    },
  };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
};
