/** Tests have a clock of their own; the real one is for what waits for brokers and processes, and for what is about time. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import * as assert from 'uvu/assert';
import { isFast } from '../fast-files';
import { spec } from '../spec';

/** Files that need neither a broker nor a process, and the real clock all the same: why each of them does. */
const REAL_TIME: Readonly<Record<string, string>> = {
  'api/access.test': 'limits of requests per second',
  'api/api-fixture': 'its users wait over HTTP',
  'api/bounded-work.test': 'how long work may hold the event loop',
  'api/commands.test': 'commands that overlap',
  'api/connections.test': 'time limits of sockets',
  'api/log-target.test': 'a target that takes no lines for a while',
  'api/real-http.test': 'time limits of sockets',
  'api/views.test': 'how long a query waits for a consistency token',
  'benchmarks/benchmark-results': 'the date of a measurement',
  'benchmarks/long-stream': 'a measurement',
  'benchmarks/overhead/measured-api': 'a measurement',
  'benchmarks/tracing-off': 'a measurement',
  'benchmarks/replay/many-events': 'runs beside a broker',
  'demo/api-client.test': 'patience with a server on a real socket',
  'infra/consumption/kafka-answers.test': 'how long a broker may be silent',
  'infra/dead-letters/copy-dead-letters': 'runs beside a broker',
  'infra/dead-letters/schedules/group-instance': 'waits for a process',
  'infra/memory/in-memory-event-feed.test': 'how soon a change is told',
  'infra/reactors/command-client.test': 'time limits of requests on a real socket',
  'infra/reactors/process-store.test': 'how long a write may take',
  'infra/sqlite/append-until-killed': 'a process that is killed',
  'infra/sqlite/event-feed-contract.test': 'how soon a change is told',
  'infra/sqlite/lease.test': 'leases that end, and locks that others hold',
  'infra/sqlite/passing-faults.test': 'locks that others hold',
  'infra/sqlite/store-fixture': 'its users wait for locks and renewals',
  'infra/sqlite/store-schema.test': 'holds a lease through long work',
  'support/corrupted-log': 'runs beside a broker',
  'support/reader-feed': 'how soon a change is told',
  'support/workload': 'runs beside a broker',
};

const BUILT = join(__dirname, '..');
const SOURCES = join(BUILT, '..', '..', 'test');

const sourceOf = (built: string): string => relative(BUILT, built).split(sep).join('/').replace(/\.js$/, '.ts');

/** Built files that use the real clock, as paths of sources without `.ts`. */
const usersOfRealTime = (): ReadonlyArray<string> =>
  readdirSync(BUILT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    // Of a file that was renamed, what was built from it stays behind.
    .filter((file) => existsSync(join(SOURCES, sourceOf(file))))
    .filter((file) => /\bclock_\d+\.systemClock\b/.test(readFileSync(file, 'utf8')))
    .filter(isFast)
    .map((file) => sourceOf(file).replace(/\.ts$/, ''))
    .sort();

spec('the real clock', ({ test }) => {
  test('is used, beside brokers and processes, by those tests alone that say why', () => {
    assert.equal(usersOfRealTime(), Object.keys(REAL_TIME).sort());
  });
});
