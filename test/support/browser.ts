/** A real browser for tests: Chromium, where the machine has one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Where Chromium is: as CHROMIUM says, else on the PATH. */
const chromiumPath = (): string | undefined =>
  [
    process.env['CHROMIUM'] ?? '',
    ...(process.env['PATH'] ?? '').split(':').flatMap((folder) => NAMES.map((name) => join(folder, name))),
  ].find((path) => path !== '' && existsSync(path));

/** Why no browser can be started; undefined where one can. */
export const whyNoBrowser = (): string | undefined =>
  chromiumPath() === undefined ? 'no Chromium on the PATH (apt install chromium), nor at CHROMIUM' : undefined;

/** Starts it. The sandbox needs rights that containers and root do not have; the pages are our own. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath() ?? '', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
