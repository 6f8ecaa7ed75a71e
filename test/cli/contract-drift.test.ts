/** A program whose events are not those of the contracts' lock says so before it serves. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { warnOfUnreadableEvents } from '../../api/program/contract-drift';
import { application } from '../../projections/fulfilment/application';
import { silentLogger } from '../../infra/logger';
import { newFile, withStore } from '../infra/sqlite/store-fixture';
import { spec } from '../spec';
import { programCopy, type ProgramCopy } from '../support/program-copy';
import { eventually, freePort, isReady } from '../support/server';

const { catalog } = application;

const EVENTS = 'domain/order/events.js';
const LOCK = 'domain/contracts/lock.json';

spec('the contracts at start', ({ test, before }) => {
  let copy: ProgramCopy;
  before(() => {
    copy = programCopy();
  });

  /** Edits a file for the time of the body. */
  const edited = async (file: string, from: string | RegExp, to: string, body: () => Promise<void>): Promise<void> => {
    const original = copy.read(file);
    const path = join(copy.folder, file.endsWith('.js') ? 'build' : '', file);
    copy.edit(file, from, to);
    try {
      await body();
    } finally {
      writeFileSync(path, original);
    }
  };
  const refuses = async (...sentences: ReadonlyArray<RegExp>): Promise<void> => {
    const { status, output } = await copy.run(['serve'], { PORT: String(await freePort()) });
    assert.is(status, 1, output);
    for (const sentence of [/does not start:/, ...sentences]) assert.match(output, sentence);
    assert.not.match(output, /Tidemark serves/);
    assert.not.match(output, /^\s+at /m);
  };

  const NEW_FIELD = "note: (0, codec_1.field)(values_1.Text, 'A note.'),";

  test('refuse a field that was added without a version, as the check does', () =>
    edited(EVENTS, /(?=placedAt: \()/, NEW_FIELD, async () => {
      await refuses(/OrderPlaced version 1: its shape changed without a new version/, /\/note was added/);
      const { status, output } = await copy.run(['contracts', 'check']);
      assert.is(status, 1);
      assert.match(output, /OrderPlaced version 1: its shape changed without a new version/);
    }));

  test('refuse a codec that reads less than it did', () =>
    edited('domain/kernel/values.js', /value >= 0/, 'value >= 10', () =>
      refuses(/its codec rejects a value that its JSON Schema accepts/),
    ));

  test('refuse an event that is gone, and one that nobody has agreed to', () =>
    edited(EVENTS, "'OrderConfirmed'", "'OrderApproved'", () =>
      refuses(/OrderConfirmed: the event is gone/, /OrderApproved: the event is new and not in the lock/),
    ));

  test('refuse a version that is missing in the chain', () =>
    edited('domain/stock/events.js', 'earlier: [', 'earlier: [], former: [', () =>
      refuses(/version 1: the version is gone/),
    ));

  test('refuse a lock that is not there, or in pieces', async () => {
    for (const [from, to, sentence] of [
      ['{', '<<<<<<< HEAD\n{', /lock\.json can't be read as JSON/],
      [/[\s\S]+/, '{}', /lock\.json is not a lock/],
    ] as const)
      await edited(LOCK, from, to, async () => {
        const { status, output } = await copy.run(['serve'], { PORT: String(await freePort()) });
        assert.is(status, 1);
        assert.match(output, sentence);
        assert.is(output.trim().split('\n').length, 1, output);
      });
    await edited(LOCK, /$/, '\n', async () => {
      rmSync(join(copy.folder, LOCK));
      const { status, output } = await copy.run(['serve']);
      assert.is(status, 1);
      assert.match(
        output,
        /lock\.json does not exist: bring it back, or begin one with 'tidemark contracts accept' \(with the same --app, if there was one\)/,
      );
    });
  });

  test('only warn where that was asked for, and a new event serves once it was accepted', () =>
    edited(EVENTS, /(?=placedAt: \()/, NEW_FIELD.replace('field)', 'optionalField)'), async () => {
      await refuses(/OrderPlaced version 1/);
      const port = String(await freePort());
      const environment = { PORT: port, DATA_DIR: join(copy.folder, 'warned') };
      const warned = copy.start(['serve'], { ...environment, CONTRACT_DRIFT: 'warn' });
      await eventually('it serves', () => isReady(`http://127.0.0.1:${port}`));
      assert.match(warned.output(), /WARNING a contract is not as agreed subject="OrderPlaced version 1"/);
      await warned.end('SIGTERM');
      const lock = copy.read(LOCK);
      const accepted = await copy.run(['contracts', 'accept']);
      assert.is(accepted.status, 0, accepted.output);
      // Words may change without anybody's agreement.
      copy.edit(LOCK, '"meaning": "', '"meaning": "Once: ');
      const server = copy.start(['serve'], environment);
      await eventually('it serves', () => isReady(`http://127.0.0.1:${port}`));
      assert.not.match(server.output(), /WARNING/);
      await server.end('SIGTERM');
      writeFileSync(join(copy.folder, LOCK), lock);
    }));

  test('accept nothing where one thing cannot be accepted, and say all that was refused and why', () =>
    edited(EVENTS, "'OrderDelivered'", "'OrderDelivery'", async () => {
      const lock = copy.read(LOCK);
      const { status, output } = await copy.run(['contracts', 'accept']);
      assert.is(status, 1);
      assert.match(output, /nothing was written, for \d of \d findings can't be accepted:/);
      assert.match(output, /refused: OrderDelivery: the name states no fact/);
      assert.match(output, /refused: OrderDelivered: the event is gone/);
      assert.match(output, /waits for that: OrderDelivery: the event is new/);
      const json = await copy.run(['contracts', 'accept', '--json']);
      const lines = json.output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      assert.is(json.status, 1);
      assert.match(
        JSON.stringify(lines.at(-1)),
        new RegExp(`^{"written":false,"refused":${lines.length - 1},"acceptable":\\d}`),
      );
      assert.ok(lines.slice(0, -1).every((line) => typeof line['problem'] === 'string'));
      assert.is(copy.read(LOCK), lock);
    }));
});

spec('the store at start', ({ test }) => {
  const warnings = async (events: ReadonlyArray<readonly [stream: string, type: string, version: number]>) => {
    const file = newFile();
    await withStore({ file }, async (store) => {
      for (const [stream, type, schemaVersion] of events) {
        const appended = await store.append({
          streams: [{ stream, expectedVersion: 'any', events: [{ type, schemaVersion, data: {} }] }],
          metadata: { correlationId: 'c1', causationId: 'r1', actor: 'tester' },
        })();
        assert.is(appended._tag, 'Right');
      }
    });
    const said: unknown[] = [];
    warnOfUnreadableEvents(file, catalog, { ...silentLogger, warn: (fields) => void said.push(fields) });
    return said;
  };

  test('is looked at for events that no contract reads, and the log names them', async () => {
    const known = Array.from({ length: 30 }, (_, index) => [`stock-s${index}`, 'StockReceived', 1] as const);
    assert.equal(await warnings(known), []);
    assert.equal(await warnings([]), []);
    assert.equal(
      await warnings([
        ...known,
        ['stock-s1', 'StockReceived', 9],
        ['widget-w1', 'WidgetMade', 1],
        ['widget-w2', 'WidgetSold', 1],
        ['order-o1', 'StockReceived', 1],
      ]),
      [
        { unknown: "StockReceived version 9 of the category 'stock'", position: 31 },
        { unknown: "the category 'widget'", position: 32 },
        { unknown: "the category 'widget'", position: 33 },
        { unknown: "StockReceived version 1 of the category 'order'", position: 34 },
      ],
    );
  });

  test('that cannot be read yet is for the roles to wait for', () => {
    const file = newFile();
    const logger = {
      ...silentLogger,
      warn: () => {
        throw new Error('it was said');
      },
    };
    warnOfUnreadableEvents(file, catalog, logger);
    writeFileSync(file, 'no database');
    warnOfUnreadableEvents(file, catalog, logger);
  });
});
