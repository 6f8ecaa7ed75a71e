/**
 * Makes the compiled files of the package in the folder that is named: the program without tests, source maps and comments, the
 * types that its entries reach, with their comments, and the pages of the console as `make build` has bundled them.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformSync } from 'esbuild';
import typescript from 'typescript';

const [folder] = process.argv.slice(2);
/** The types that package.json names, by their paths below `dist`. */
const ENTRIES = Object.values(JSON.parse(readFileSync('package.json', 'utf8')).exports)
  .flatMap((entry) => (typeof entry === 'string' ? [] : [entry.types]))
  .map((path) => path.replace(/^\.\/dist\//, ''));

const compile = () => {
  const host = {
    ...typescript.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => fail(String(messageText)),
  };
  const { options, fileNames } = typescript.getParsedCommandLineOfConfigFile(
    '.tsconfig.package.json',
    { outDir: folder },
    host,
  );
  const { diagnostics, emitSkipped } = typescript.createProgram(fileNames, options).emit();
  const [problem] = diagnostics;
  if (problem !== undefined || emitSkipped) fail(typescript.flattenDiagnosticMessageText(problem?.messageText, '\n'));
};

const fail = (message) => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

/** The file of types that a relative import means. */
const typesAt = (from, name) => {
  const base = join(dirname(from), name.replace(/\.js$/, ''));
  return [`${base}.d.ts`, join(base, 'index.d.ts')].find((file) => existsSync(file));
};

const reachedTypes = () => {
  const reached = new Set();
  const queue = ENTRIES.map((path) => join(folder, path));
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const { fileName } of typescript.preProcessFile(readFileSync(file, 'utf8')).importedFiles) {
      const found = fileName.startsWith('.') ? typesAt(file, fileName) : undefined;
      if (found !== undefined) queue.push(found);
    }
  }
  return reached;
};

const options = { target: 'es2022', platform: 'node', legalComments: 'none' };

compile();
const reached = reachedTypes();
for (const name of readdirSync(folder, { recursive: true })) {
  const file = join(folder, name);
  if (name.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  if (name.endsWith('.js')) writeFileSync(file, transformSync(readFileSync(file, 'utf8'), options).code);
}
cpSync(join('build', 'api', 'console', 'assets'), join(folder, 'api', 'console', 'assets'), { recursive: true });
