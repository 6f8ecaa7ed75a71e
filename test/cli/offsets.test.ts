/** A move of offsets is meant as a whole: times say their zone, and each line of a file names a place of the group. */
import { writeFileSync } from 'node:fs';
import { application } from '../../projections/fulfilment/application';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { offsets } from '../../api/cli/offsets';
import { readConfiguration } from '../../infra/configuration';
import { checkpointsOf } from '../../infra/sqlite/consumer-file/checkpoints';
import { groupStatusWriter } from '../../infra/sqlite/consumer-file/group-status';
import { openDatabase } from '../../infra/sqlite/database';
import { viewsMigrations } from '../../projections/engine/generations/schema';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';
import { spec } from '../spec';
import { runTidemark } from '../support/server';

const GROUP = 'stock-level';
const line = (topic: string, partition: unknown, offset: unknown = 1, rest: object = {}): string =>
  JSON.stringify({ topic, partition, offset, ...rest });

spec('a move of offsets', ({ test, before }) => {
  const data = temporaryFolder();
  const configuration = readConfiguration({ DATA_DIR: data });
  before(() => {
    const database = openDatabase({
      file: join(data, 'views.sqlite'),
      synchronous: 'NORMAL',
      migrations: viewsMigrations,
    });
    const checkpoints = checkpointsOf(database);
    for (const partition of [0, 1])
      checkpoints.begin(GROUP, { topic: 'stock', partition, logId: 'l', nextOffset: 5, highWaterPosition: 9 });
    groupStatusWriter(database)({
      group: GROUP,
      state: 'stopped',
      reason: null,
      lag: 0,
      outcomes: {} as never,
      partitions: [],
      since: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    });
    database.close();
  });

  const refusal = async (options: Readonly<Record<string, string | boolean>>): Promise<string> => {
    const printed: string[] = [];
    try {
      await offsets(
        () => Promise.resolve(application),
        configuration,
        options,
        (text) => printed.push(text),
      );
    } catch (error) {
      assert.equal(printed, []);
      return (error as Error).message;
    }
    throw new Error(`it was taken: ${printed.join('\n')}`);
  };
  const ofFile = (...lines: ReadonlyArray<string | Buffer>): Promise<string> => {
    const file = join(data, 'offsets.jsonl');
    writeFileSync(file, Buffer.concat(lines.map((each) => Buffer.concat([Buffer.from(each), Buffer.from('\n')]))));
    return refusal({ group: GROUP, fromFile: file, execute: true });
  };

  for (const time of [
    '2026-11-24T12:00:00',
    '2026-11-24',
    '2026-11-24 12:00',
    '2026-02-30T12:00:00Z',
    'yesterday',
    '0',
    '',
  ])
    test(`to the time '${time}' is refused: it has no zone, or is not in the calendar`, async () =>
      assert.match(
        await refusal({ group: GROUP, toTime: time }),
        /^--to-time is '.*'; it takes a time with its zone \(ISO 8601, such as 2026-11-24T12:00:00Z/,
      ));

  test('by a file is refused as a whole for one line that is not meant for the group', async () => {
    const good = line('stock', 0);
    assert.match(
      await ofFile(good, line('stock', 7)),
      /^line 2 of .* names stock\/7, where stock-level does not stand \(it reads stock\)/,
    );
    assert.match(
      await ofFile(good, '', line('orders', 0)),
      /^line 3 of .* names orders\/0, where stock-level does not stand/,
    );
    assert.match(
      await ofFile(good, line('stock', 1), line('stock', 0, 2)),
      /^line 3 of .* names stock\/0, as line 1 does/,
    );
    assert.match(
      await ofFile(line('stock', 0, 1, { group: 'order-summary' })),
      /line 1 .* names the group "order-summary", not stock-level/,
    );
  });

  test('by a file is refused for a line that is none', async () => {
    for (const bad of [
      'nonsense',
      '[]',
      'null',
      '{"topic":"stock"}',
      line('stock', '0'),
      line('stock', 0, 0.5),
      line('stock', 0, -1),
      line('stock', -1),
      line('', 0),
    ])
      assert.match(
        await ofFile(line('stock', 1), bad),
        /^line 2 of .* is not \{"topic":"\.\.\.","partition":0,"offset":0\}/,
        bad,
      );
    assert.match(await ofFile(), /has no lines/);
    assert.match(await ofFile(Buffer.from([0xff, 0xfe])), /can't be read/);
    assert.match(await refusal({ group: GROUP, fromFile: join(data, 'none') }), /none can't be read: ENOENT/);
    assert.match(await refusal({ group: GROUP, fromFile: data }), /can't be read: EISDIR/);
  });

  test('of what nothing was read from is refused', async () => {
    assert.match(
      await refusal({ group: 'nobody', toOffset: '1' }),
      /^the group 'nobody' has no checkpoint: 'tidemark offsets' lists/,
    );
    assert.match(await refusal({ group: GROUP, topic: 'orders', toOffset: '1' }), /'stock-level' in orders/);
    assert.match(await refusal({ group: GROUP, topic: 'stock', partition: '7', shift: '-1' }), /in stock\/7/);
    assert.match(await refusal({ toOffset: '1' }), /a move takes one --group/);
  });

  test('takes whole numbers', async () => {
    for (const text of ['0x10', '1e3', '1.5', '-1', '', 'many', '9'.repeat(20)])
      assert.match(
        await refusal({ group: GROUP, toOffset: text }),
        /^--to-offset is '.*'; expected a non-negative integer/,
        text,
      );
    for (const text of ['one', '-1', '1.5']) assert.match(await refusal({ partition: text }), /^--partition is/);
  });

  test('that is refused ends with exit code 1 and one sentence', async () => {
    const { status, output } = await runTidemark(['offsets', '--group', GROUP, '--to-time', '2026-11-24T12:00:00'], {
      DATA_DIR: data,
    });
    assert.is(status, 1);
    assert.match(output, /^tidemark: --to-time is '2026-11-24T12:00:00'; it takes/);
    assert.is(output.trim().split('\n').length, 1);
  });
});
