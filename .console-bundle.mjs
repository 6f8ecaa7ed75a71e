/**
 * Bundles the pages of the console, and copies the API reference (Swagger UI, as @fastify/swagger-ui carries it), into the build, or
 * into the folder that is named.
 * Each file is kept packed, as browsers are sent it. Fails where the scripts outgrow their limit.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Of all scripts of the console, packed. */
const MAX_SCRIPT_BYTES = 120_000;
const pages = 'api/console/pages';
const target = join(process.argv[2] ?? 'build', 'api/console/assets');
const swagger = 'node_modules/@fastify/swagger-ui/static';

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
await build({
  entryPoints: [`${pages}/console.tsx`, `${pages}/reference.ts`],
  outdir: target,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'inline',
  logLevel: 'warning',
});
for (const name of ['console.html', 'reference.html', 'icon.svg']) cpSync(join(pages, name), join(target, name));
for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css']) cpSync(join(swagger, name), join(target, name));
for (const name of readdirSync(target)) {
  writeFileSync(join(target, `${name}.gz`), gzipSync(readFileSync(join(target, name)), { level: 9 }));
  rmSync(join(target, name));
}
const bytes = readFileSync(join(target, 'console.js.gz')).length;
if (bytes > MAX_SCRIPT_BYTES) {
  process.stderr.write(`The console's script has ${bytes} bytes packed; the limit is ${MAX_SCRIPT_BYTES}.\n`);
  process.exitCode = 1;
}
