/** The registry: what is counted, what is read at the scrape, and what a source that fails leaves. */
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import type { CommandFailure, CommandRequest, CommandResult } from '../../../infra/commands/command-port';
import { silentLogger } from '../../../infra/logger';
import { observedCommands } from '../../../infra/metrics/command-metrics';
import { metricDeclarations } from '../../../infra/metrics/declarations';
import { openMetrics, sample, type Sample } from '../../../infra/metrics/registry';
import { parseExposition } from '../../support/exposition';
import { testClock } from '../../support/test-clock';
import { spec } from '../../spec';

spec('the metrics of a process', ({ test }) => {
  test('are declared with a help text, and counters alone end in _total', async () => {
    const { types } = parseExposition(await openMetrics(silentLogger).text());
    for (const [name, { kind, help }] of Object.entries(metricDeclarations)) {
      assert.is(types.get(name), kind === 'total' ? 'counter' : kind, name);
      assert.is(name.endsWith('_total'), kind === 'total' || kind === 'counter', name);
      assert.ok(help.length > 20 && help.length < 160, name);
    }
  });

  test('hold those of Node beside them: event-loop delay, heap, start of the process', async () => {
    const { types } = parseExposition(await openMetrics(silentLogger).text());
    for (const name of [
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
      'process_start_time_seconds',
    ])
      assert.ok(types.has(name), name);
  });

  test('show at each scrape what is read then, and nothing of before', async () => {
    const metrics = openMetrics(silentLogger);
    let state = 'running';
    metrics.collect('groups', () => [
      sample('tidemark_group_state', { group: 'g', state }, 1),
      sample('tidemark_relay_published_total', {}, 7),
    ]);
    await metrics.text();
    state = 'halted';
    const { values } = parseExposition(await metrics.text());
    assert.equal(values('tidemark_group_state'), [1]);
    assert.equal(values('tidemark_group_state', { state: 'halted' }), [1]);
    assert.equal(values('tidemark_relay_published_total'), [7]);
  });

  test('lack a source that fails, say so, and keep the others', async () => {
    const metrics = openMetrics(silentLogger);
    metrics.collect('bad', (): ReadonlyArray<Sample> => {
      throw new Error('the file is locked');
    });
    metrics.collect('good', () => [sample('tidemark_store_position', {}, 3)]);
    const { values } = parseExposition(await metrics.text());
    assert.equal(values('tidemark_scrape_failures_total', { source: 'bad' }), [1]);
    assert.equal(values('tidemark_store_position'), [3]);
  });
});

spec('commands', ({ test }) => {
  const [aggregate] = application.catalog.aggregates;
  if (aggregate === undefined) throw new Error('the catalog is empty');
  const request: CommandRequest = {
    aggregate,
    command: { type: 'place', id: 'o1', data: {} },
    metadata: { correlationId: 'c', causationId: 'r', actor: 'a' },
    dryRun: false,
  };
  const event = { id: 'order-o1@1', type: 'OrderPlaced', schemaVersion: 1, version: 1, position: 1 };
  const done: CommandResult = { stream: 'order-o1', version: 1, position: 1, events: [event], replayed: false };

  test('are counted by outcome, with their latency, and their events by type', async () => {
    const metrics = openMetrics(silentLogger);
    let outcome: E.Either<CommandFailure, CommandResult> = E.right(done);
    const handle = observedCommands(() => async () => Promise.resolve(outcome), metrics, testClock());
    await handle(request)();
    await handle({ ...request, dryRun: true })();
    outcome = E.right({ ...done, replayed: true });
    await handle(request)();
    outcome = E.right({ ...done, events: [] });
    await handle(request)();
    outcome = E.left({ _tag: 'StoreOverloaded' });
    await handle(request)();
    const { values, sum } = parseExposition(await metrics.text());
    for (const name of ['appended', 'dry-run', 'replayed', 'unchanged', 'overloaded'])
      assert.equal(values('tidemark_commands_total', { outcome: name, command: 'place' }), [1], name);
    assert.is(sum('tidemark_command_seconds_count'), 5);
    assert.equal(values('tidemark_events_appended_total', { type: 'OrderPlaced' }), [1]);
  });
});
