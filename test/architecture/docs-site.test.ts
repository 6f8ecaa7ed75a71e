/** `make docs`: every page is found by the navigation, and a dead link ends it. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';
import { spec } from '../spec';

const ROOT = join(__dirname, '..', '..', '..');
const execute = promisify(execFile);

/** Makes the site of a copy of the documents, changed before. */
const site = async (change: (docs: string) => void): Promise<{ readonly target: string; readonly faults: string }> => {
  const folder = temporaryFolder();
  for (const name of ['docs', 'README.md', 'CHANGELOG.md', 'LICENSE'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  change(join(folder, 'docs'));
  const target = join(folder, 'site');
  const faults = await execute(process.execPath, [join(ROOT, '.docs-site.mjs'), target, join(folder, 'docs')]).then(
    () => '',
    (error: unknown) => (error as { readonly stderr: string }).stderr,
  );
  return { target, faults };
};

const append = (file: string, text: string): void => writeFileSync(file, `${readFileSync(file, 'utf8')}\n${text}\n`);

spec('the documentation site', ({ test }) => {
  test('is made of all documents, each with the navigation', async () => {
    const { target, faults } = await site(() => undefined);
    assert.is(faults, '');
    for (const page of ['index.html', 'tutorial.html', 'changelog.html', 'guides/testing.html']) {
      const html = readFileSync(join(target, page), 'utf8');
      assert.match(html, /<nav /);
      const folder = join(target, page, '..');
      for (const [, href = ''] of html.matchAll(/ href="([^"#:]+)(?:#[^"]*)?"/g))
        assert.ok(existsSync(join(folder, href)), `${page}: ${href}`);
    }
  });

  test('is not made where a link is dead, and says where', async () => {
    const links = '[a](nothing.md) [b](limits.md#no-such-heading) [c](#nor-this) [d](../nothing.txt)';
    const { target, faults } = await site((docs) => append(join(docs, 'replay.md'), links));
    assert.equal(
      faults.trim().split('\n'),
      ['nothing.md', 'limits.md#no-such-heading', '#nor-this', '../nothing.txt'].map(
        (link) => `docs: replay.md has a dead link: ${link}`,
      ),
    );
    assert.not.ok(existsSync(target));
  });

  test('is not made where a page is in no navigation', async () => {
    const { faults } = await site((docs) => writeFileSync(join(docs, 'guides', 'lost.md'), '# Lost\n'));
    assert.is(faults, 'docs: guides/lost.md is in no navigation\n');
  });
});
