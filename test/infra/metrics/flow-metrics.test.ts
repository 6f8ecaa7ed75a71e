/** What the files say as metrics: which process shows which counters, rebuilds and dead letters. */
import * as assert from 'uvu/assert';
import { noCounts } from '../../../infra/consumption/status/outcome-counts';
import type { FlowSample } from '../../../infra/flow/flow-sample';
import { silentLogger } from '../../../infra/logger';
import { showFlow, type FlowMetricsSources } from '../../../infra/metrics/flow-metrics';
import { openMetrics } from '../../../infra/metrics/registry';
import { parseExposition, type Exposition } from '../../support/exposition';
import { spec } from '../../spec';

const updatedAt = '2024-01-01T00:00:10.000Z';
const flow: FlowSample = {
  atMs: 0,
  storePosition: 9,
  relay: {
    state: 'retrying',
    reason: null,
    cursor: 4,
    sentPosition: 6,
    lagEvents: 5,
    lagSeconds: 12,
    unsentSeconds: 3,
    failures: { unreachable: 2 },
    published: 4,
    updatedAt,
  },
  groups: [
    {
      group: 'rows',
      stage: 'projected',
      state: 'running',
      reason: null,
      outcomes: { ...noCounts(), applied: 3, retries: 0 },
      updatedAt,
      partitions: [
        {
          topic: 't',
          partition: 1,
          nextOffset: 3,
          lag: 2,
          ageSeconds: 7,
          isEstimate: false,
          state: 'running',
          logEndOffset: 5,
        },
      ],
    },
  ],
};

const shown = async (rest: Partial<FlowMetricsSources> = {}): Promise<Exposition> => {
  const metrics = openMetrics(silentLogger);
  showFlow(metrics, {
    samples: () => [flow],
    deadLetters: () => [{ group: 'rows', class: 'defect', total: 5, open: 2 }],
    rebuilds: () => [
      { projection: 'rows', done: 30, total: 100 },
      { projection: 'other', done: 0, total: null },
    ],
    isOwn: () => true,
    startedAtMs: Date.parse(updatedAt) - 1_000,
    ...rest,
  });
  return parseExposition(await metrics.text());
};

spec('the flow as metrics', ({ test }) => {
  test('has the lag of relay and groups, in events and seconds, and the age at each stage', async () => {
    const { values } = await shown();
    assert.equal(values('tidemark_relay_lag_events'), [5]);
    assert.equal(values('tidemark_relay_lag_seconds'), [12]);
    const place = { group: 'rows', topic: 't', partition: '1' };
    assert.equal(values('tidemark_consumer_lag', place), [2]);
    assert.equal(values('tidemark_consumer_lag_seconds', place), [7]);
    assert.equal(values('tidemark_partition_verdict', { ...place, verdict: 'behind' }), [1]);
    const ages = ['relayed', 'acknowledged', 'consumed', 'projected'].map((stage) =>
      values('tidemark_stage_age_seconds', { stage }),
    );
    assert.equal(ages, [[3], [12], [0], [7]]);
  });

  test('has what a rebuild has still to read, once that is known, and dead letters by class', async () => {
    const { values, samples } = await shown();
    assert.equal(values('tidemark_rebuild_remaining_events', { projection: 'rows' }), [70]);
    assert.not(samples.some(({ labels }) => labels['projection'] === 'other'));
    assert.equal(values('tidemark_dead_letters_total', { group: 'rows', class: 'defect' }), [5]);
    assert.equal(values('tidemark_dead_letters_open', { group: 'rows', class: 'defect' }), [2]);
  });

  test('has counters in the process that counts, and none of its predecessor', async () => {
    const counted = [
      'tidemark_relay_failures_total',
      'tidemark_relay_published_total',
      'tidemark_consumed_events_total',
    ];
    const own = await shown();
    assert.equal(
      counted.map((name) => own.sum(name)),
      [2, 4, 3],
    );
    for (const rest of [{ isOwn: () => false }, { startedAtMs: Date.parse(updatedAt) + 1 }]) {
      const { values } = await shown(rest);
      assert.equal(
        counted.flatMap((name) => values(name)).filter((value) => value > 0),
        [],
      );
      assert.equal(values('tidemark_relay_lag_events'), [5]);
    }
  });
});
