/** The log of a program whose output cannot be written: lines are lost and counted, and nothing else happens. */
import { PassThrough } from 'node:stream';
import * as assert from 'uvu/assert';
import { logTarget, streamSink, type LogTarget } from '../../api/cli/log-target';
import { humanLogger, jsonLogger } from '../../api/cli/loggers';
import { systemClock } from '../../infra/clock';
import { spec } from '../spec';

const loss = (lines: number, reason: string): string => `lost ${lines}: ${reason}\n`;

/** Keeps what it is given. */
const keeping = (): LogTarget & { readonly lines: string[] } => {
  const lines: string[] = [];
  return { lines, write: (line) => void lines.push(line), dropped: () => 0 };
};

spec('a log target', ({ test }) => {
  test('that cannot be written drops lines, and tells how many as soon as it can be again', () => {
    let isFull = false;
    const lines: string[] = [];
    const target = logTarget((line) => {
      if (isFull) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      lines.push(line);
      return undefined;
    }, loss);
    target.write('one\n');
    isFull = true;
    target.write('two\n');
    target.write('three\n');
    isFull = false;
    target.write('four\n');
    assert.equal(lines, ['one\n', 'lost 2: ENOSPC: no space left on device\n', 'four\n']);
    assert.is(target.dropped(), 2);
  });

  test('that is a pipe without a reader at its end keeps a bounded number of lines in memory', () => {
    const pipe = new PassThrough({ highWaterMark: 1_000 });
    const target = logTarget(streamSink(pipe), loss);
    for (let line = 0; line < 3_000; line += 1) target.write(`${'x'.repeat(999)}\n`);
    assert.ok(pipe.writableLength <= 1_100_000);
    assert.ok(target.dropped() > 1_500);
    pipe.destroy();
  });

  test('that is a closed pipe takes nothing, and throws nothing', async () => {
    const pipe = new PassThrough();
    const target = logTarget(streamSink(pipe), loss);
    pipe.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await systemClock.sleep(5);
    target.write('one\n');
    assert.is(target.dropped(), 1);
  });
});

spec('an error in a line of the log', ({ test }) => {
  const cause = Object.assign(new Error('the disk'), { code: 'EIO' });
  const error = new TypeError('it broke', { cause });

  for (const name of ['err', 'error', 'reason', 'anything']) {
    test(`is written with its message, its stack and its cause under '${name}'`, () => {
      const target = keeping();
      jsonLogger(target).error({ group: 'g', [name]: error }, 'failed');
      const line = JSON.parse(target.lines[0] ?? '') as Readonly<Record<string, unknown>>;
      const written = line[name] as Readonly<Record<string, unknown>>;
      assert.equal([written['type'], written['message']], ['TypeError', 'it broke']);
      assert.match(String(written['stack']), /it broke\n\s+at /);
      assert.is((written['cause'] as Readonly<Record<string, unknown>>)['code'], 'EIO');
      assert.equal([line['group'], line['msg']], ['g', 'failed']);
    });
  }

  test('is written wherever it stands in the fields, and a field that holds itself ends nothing', () => {
    const target = keeping();
    const self: Record<string, unknown> = { nested: { errors: [error] } };
    self['self'] = self;
    jsonLogger(target).warn(self, 'nested');
    assert.match(target.lines[0] ?? '', /it broke/);
    humanLogger(systemClock, target).warn({ ...self, big: 1n }, 'nested');
    assert.match(target.lines[1] ?? '', /WARNING nested/);
  });

  test('has its stack under the line for people, too, where the line is an error', () => {
    const target = keeping();
    const logger = humanLogger(systemClock, target);
    logger.error({ error }, 'failed');
    logger.warn({ error }, 'warned');
    assert.match(target.lines[0] ?? '', /ERROR failed error="it broke"\n\s+at .*\n/);
    assert.is((target.lines[1] ?? '').trim().split('\n').length, 1);
  });
});
