/** Makes the folder of a new program: a copy of the template, under the program's name. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A name or a folder that can't be used: the message says what would do. */
export class ProgramRefused extends Error {
  override readonly name = 'ProgramRefused';
}

const ROOT = join(__dirname, '..', '..', '..');
/** In the sources, for the build too: the package holds them at the same place. */
const TEMPLATE = join(ROOT, 'api', 'scaffold', 'template');

const NAME = /^[a-z](?:-?[a-z0-9])*$/;
/** With what the deployment files add to it, it has to stay below the 63 characters of Kubernetes. */
const MAX_NAME_CHARACTERS = 40;
/** npm installs no package into a program of the same name, and none into a folder of this name. */
const TAKEN_NAMES = ['tidemark', 'node-modules'];

/** What was made. */
export interface NewProgram {
  /** An absolute path. */
  readonly folder: string;
  /** The paths below it, sorted. */
  readonly files: ReadonlyArray<string>;
}

/**
 * Makes `<parent>/<name>` with a complete program. The folder may exist if it is empty. Throws {@link ProgramRefused} for a name
 * or a folder that can't be used; whatever fails, no file is left behind.
 */
export const makeProgram = (name: string, parent: string): NewProgram => {
  refuseName(name);
  const folder = resolve(parent, name);
  refuseFolder(folder);
  const files = programFiles(name);
  const partial = `${folder}.partial-${process.pid}`;
  try {
    for (const [path, content] of files) {
      const file = join(partial, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, { flag: 'wx' });
    }
    // Takes the place of an empty folder; fails where somebody has put something into it meanwhile.
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
  return { folder, files: [...files.keys()].sort() };
};

const refuseName = (name: string): void => {
  if (!NAME.test(name) || name.length > MAX_NAME_CHARACTERS) {
    throw new ProgramRefused(
      `'${name}' can't be the name of a program: take up to ${MAX_NAME_CHARACTERS} of a-z, 0-9 and single hyphens in between, ` +
        'a letter first, such as lending-library',
    );
  }
  if (TAKEN_NAMES.includes(name))
    throw new ProgramRefused(`'${name}' is taken, npm could not install the engine: take another name`);
};

const refuseFolder = (folder: string): void => {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory())
    throw new ProgramRefused(`${folder} is a file: take another name, or move the file away`);
  if (readdirSync(folder).length > 0)
    throw new ProgramRefused(`${folder} is not empty: take another name, or an empty folder. Nothing was changed`);
};

/** The files by path, with the names put in. */
const programFiles = (name: string): ReadonlyMap<string, string> => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
  const filled = (text: string): string =>
    text.replaceAll('__NAME__', name).replaceAll('__TIDEMARK_VERSION__', version);
  const paths = readdirSync(TEMPLATE, { recursive: true, encoding: 'utf8' });
  return new Map(
    paths
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => statSync(join(TEMPLATE, path)).isFile())
      .map((path) => [filled(pathInProgram(path)), filled(readFileSync(join(TEMPLATE, path), 'utf8'))]),
  );
};

/** npm packs no file that begins with a dot, and tools of the checkout would take its own files for settings of theirs. */
const pathInProgram = (path: string): string =>
  path
    .split('/')
    .map((part) => part.replace(/^dot-/, '.').replace(/^template-/, ''))
    .join('/');
