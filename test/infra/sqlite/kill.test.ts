/** kill -9 in the middle of appending, again and again: what was acknowledged is there, and nothing is half there. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { spec } from '../../spec';
import { everything } from '../../contracts/event-store-fixtures';
import { newFile, withStore } from './store-fixture';

const CHILD = join(__dirname, 'append-until-killed.js');
const ROUNDS = 4;
const EVENTS_AN_APPEND = 4;

/** Runs the child until it has acknowledged some events and a little longer, kills it, and returns what it acknowledged. */
const appendUntilKilled = async (file: string, longerMs: number): Promise<ReadonlyArray<string>> => {
  const child = spawn(process.execPath, [CHILD, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  // Whatever stops this test must not leave the child appending for ever.
  const killChild = (): void => void child.kill('SIGKILL');
  process.once('exit', killChild);
  let output = '';
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  await new Promise<void>((resolve) => {
    void ended.then(resolve);
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      resolve();
    });
  });
  await systemClock.sleep(longerMs);
  killChild();
  await ended;
  process.off('exit', killChild);
  // The last line may have been cut off by the kill.
  return output.split('\n').slice(0, -1);
};

spec('a store whose process is killed', ({ test }) => {
  test('holds all that was acknowledged, gapless, with every append whole', async () => {
    const file = newFile();
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      acknowledged.push(...(await appendUntilKilled(file, 30 + 37 * round)));
    }
    assert.ok(acknowledged.length > ROUNDS * EVENTS_AN_APPEND, `only ${acknowledged.length} were acknowledged`);
    await withStore({ file }, async (store) => {
      const stored = await everything(store);
      const storedIds = new Set(stored.map(({ id }) => id));
      assert.equal(
        acknowledged.filter((id) => !storedIds.has(id)),
        [],
      );
      const versions = new Map<string, number>();
      const appends = new Map<string, number>();
      stored.forEach(({ position, stream, version, causationId }, index) => {
        assert.is(position, index + 1);
        assert.is(version, (versions.get(stream) ?? 0) + 1);
        versions.set(stream, version);
        appends.set(causationId, (appends.get(causationId) ?? 0) + 1);
      });
      assert.equal(new Set(appends.values()), new Set([EVENTS_AN_APPEND]));
    });
  });
});
