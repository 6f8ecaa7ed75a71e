/**
 * Bundles the pages of the console into the build. Fails where the scripts outgrow their limit. The API reference (Swagger UI) is
 * served from @fastify/swagger-ui, which carries it.
 */
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Of all scripts of the console, packed. */
const MAX_SCRIPT_BYTES = 120_000;
const pages = 'api/console/pages';
const target = 'build/api/console/assets';

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
const bytes = gzipSync(readFileSync(join(target, 'console.js')), { level: 9 }).length;
if (bytes > MAX_SCRIPT_BYTES) {
  process.stderr.write(`The console's script has ${bytes} bytes packed; the limit is ${MAX_SCRIPT_BYTES}.\n`);
  process.exitCode = 1;
}
