/** What is reported of the stages over samples: age, rate, time to drain, and the slowest named. */
import * as assert from 'uvu/assert';
import { noCounts } from '../../../infra/consumption/status/outcome-counts';
import { flowNotices } from '../../../infra/flow/flow-notices';
import { reportFlow } from '../../../infra/flow/findings';
import type { FlowSample, GroupSample, RelaySample } from '../../../infra/flow/flow-sample';
import { skewByTopic } from '../../../infra/flow/skew';
import { reportStages } from '../../../infra/flow/stage-report';
import { spec } from '../../spec';

const relay: RelaySample = {
  state: 'running',
  reason: null,
  cursor: 100,
  sentPosition: 100,
  lagEvents: 0,
  lagSeconds: 0,
  unsentSeconds: 0,
  failures: {},
  published: 100,
  updatedAt: '2024-01-01T00:00:00.000Z',
};

const group = (nextOffset: number, lag: number, ageSeconds: number, rest: Partial<GroupSample> = {}): GroupSample => ({
  group: 'rows',
  stage: 'projected',
  state: 'running',
  reason: null,
  outcomes: { ...noCounts(), retries: 0 },
  updatedAt: '2024-01-01T00:00:00.000Z',
  partitions: [
    { topic: 't', partition: 0, nextOffset, lag, ageSeconds, isEstimate: false, state: 'running', logEndOffset: null },
  ],
  ...rest,
});

const at = (second: number, rest: Partial<FlowSample>): FlowSample => ({
  atMs: second * 1_000,
  storePosition: 100,
  relay,
  groups: [],
  ...rest,
});

spec('the report on the stages', ({ test }) => {
  test('says nothing without a look, and of rates nothing with one', () => {
    assert.is(reportStages([]), undefined);
    const [only] = reportStages([at(0, { groups: [group(10, 90, 30)] })])?.groups ?? [];
    assert.equal([only?.drain, only?.etaSeconds, only?.behind], ['measuring', null, 90]);
  });

  test('names the slowest stage, its rate, and when nothing waits any more at the present rates', () => {
    const report = reportStages([at(0, { groups: [group(0, 100, 40)] }), at(10, { groups: [group(50, 60, 42)] })]);
    assert.is(report?.slowest, 'projected');
    const stage = report?.items.find((each) => each.stage === 'projected');
    assert.equal(
      [stage?.slowest, stage?.ratePerSecond, stage?.drain, stage?.etaSeconds, stage?.verdict],
      ['rows', 5, 'draining', 15, 'catching-up'],
    );
  });

  for (const state of ['halted', 'stopped', 'silent'] as const)
    test(`says that what is ${state} does not drain, however much went through before`, () => {
      const [rows] =
        reportStages([at(0, { groups: [group(0, 100, 40)] }), at(10, { groups: [group(90, 10, 42, { state })] })])
          ?.groups ?? [];
      assert.equal([rows?.behind, rows?.drain, rows?.etaSeconds], [10, 'not-draining', null]);
    });

  test('says that it does not drain where more comes in than goes through', () => {
    const [rows] =
      reportStages([at(0, { groups: [group(0, 10, 40)] }), at(10, { groups: [group(10, 60, 42)] })])?.groups ?? [];
    assert.equal([rows?.drain, rows?.etaSeconds, rows?.ratePerSecond], ['not-draining', null, 1]);
  });

  test('blames the relay alone for what Kafka does not have', () => {
    const stopped: RelaySample = {
      ...relay,
      state: 'silent',
      cursor: 40,
      sentPosition: 40,
      lagSeconds: 30,
      unsentSeconds: 30,
    };
    const report = reportStages([at(0, { relay: stopped }), at(12, { relay: stopped, groups: [group(40, 0, 0)] })]);
    assert.is(report?.slowest, 'relayed');
    assert.equal(
      report?.items.map(({ stage, verdict }) => `${stage} ${verdict}`),
      ['relayed stopped', 'acknowledged stopped', 'consumed ok', 'projected ok'],
    );
  });

  test('calls a group stopped that is halted, also one without partitions', () => {
    const report = reportStages([at(0, { groups: [group(0, 0, 0, { state: 'halted', partitions: [] })] })]);
    assert.is(report?.groups[0]?.verdict, 'stopped');
  });
});

spec('the ages of a stage over the window, and its heartbeats', ({ test }) => {
  const beating = { ...relay, heartbeat: { sentSeconds: 1, acknowledgedSeconds: 6 } };

  test('are quantiles over all looks, of the slowest group', () => {
    const looks = Array.from({ length: 100 }, (_, second) =>
      at(second, { relay: { ...relay, lagSeconds: second + 1 }, groups: [group(0, 1, 3), group(0, 1, second + 1)] }),
    );
    const { items = [] } = reportStages(looks) ?? {};
    const ages = (stage: string) =>
      items
        .filter((each) => each.stage === stage)
        .map(({ ageP50Seconds, ageP99Seconds }) => [ageP50Seconds, ageP99Seconds]);
    assert.equal([ages('acknowledged'), ages('projected'), ages('relayed')], [[[50, 99]], [[50, 99]], [[0, 0]]]);
  });

  test('tell a group that is idle from one that nothing comes to any more', () => {
    const verdictAt = (heartbeatSeconds: number | undefined, from: RelaySample): string | undefined => {
      const own = heartbeatSeconds === undefined ? {} : { heartbeatSeconds };
      return reportStages([at(0, { relay: from, groups: [group(9, 0, 0, own)] })])?.groups[0]?.verdict;
    };
    assert.is(verdictAt(6, beating), 'ok');
    assert.is(verdictAt(21, beating), 'stalled');
    // Where none is read, or none is taken by Kafka, nothing follows for the group.
    assert.is(verdictAt(undefined, beating), 'ok');
    assert.is(verdictAt(21, relay), 'ok');
    assert.is(verdictAt(21, { ...relay, heartbeat: { sentSeconds: 1, acknowledgedSeconds: 30 } }), 'ok');
    const notices = flowNotices([at(0, { relay: beating, groups: [group(9, 0, 0, { heartbeatSeconds: 21 })] })]);
    assert.equal(notices, [
      { stage: 'rows', state: 'stalled', reason: 'no heartbeat has come for 21 s, though Kafka takes them' },
    ]);
  });

  test('are those of the slowest group, and of the relay as sent and as acknowledged', () => {
    const groups = [group(9, 0, 0, { heartbeatSeconds: 3 }), group(9, 0, 0, { heartbeatSeconds: 8 }), group(9, 0, 0)];
    const { items = [] } = reportStages([at(0, { relay: beating, groups })]) ?? {};
    assert.equal(
      items.map(({ stage, heartbeatSeconds }) => [stage, heartbeatSeconds]),
      [
        ['relayed', 1],
        ['acknowledged', 6],
        ['consumed', null],
        ['projected', 8],
      ],
    );
  });
});

spec('what is wrong with the flow', ({ test }) => {
  const named = (rest: Partial<FlowSample>): ReadonlyArray<string> =>
    (reportFlow([at(0, rest)])?.findings ?? []).map(({ stage, state }) => `${stage} ${state}`);

  test('is nothing where all is at work, or begins to be', () => {
    assert.equal(named({ groups: [group(9, 0, 0)] }), []);
    assert.equal(named({ relay: { ...relay, state: 'starting' }, groups: [] }), []);
    assert.is(reportFlow([]), undefined);
  });

  test('is whoever is not at work, and whoever is and gives a reason', () => {
    for (const state of ['silent', 'stopped'] as const)
      assert.equal(named({ relay: { ...relay, state } }), [`relay ${state}`]);
    assert.equal(named({ relay: { ...relay, state: 'retrying', reason: 'no broker' } }), ['relay retrying']);
    const letters = group(9, 0, 0, { reason: '1 dead letter is open' });
    assert.equal(named({ groups: [letters, group(9, 0, 0, { state: 'silent', reason: 'old' })] }), [
      'rows running',
      'rows silent',
    ]);
  });
});

spec('the skew of a topic', ({ test }) => {
  const ends = (...all: ReadonlyArray<number>): GroupSample => {
    const [partition] = group(0, 0, 0).partitions;
    if (partition === undefined) throw new Error('no partition');
    return group(0, 0, 0, {
      partitions: all.map((logEndOffset, index) => ({ ...partition, partition: index, logEndOffset })),
    });
  };

  test('is that of the last minute where enough came, else that of the whole log', () => {
    const skew = (...samples: ReadonlyArray<GroupSample>) =>
      skewByTopic(samples.map((each, index) => at(index, { groups: [each] }))).get('t');
    assert.is(skew(ends(0, 0)), 1);
    assert.is(skew(ends(300, 100)), 1.5);
    assert.is(skew(ends(300, 100), ends(310, 100)), (310 * 2) / 410);
    assert.is(skew(ends(300, 100), ends(300, 300)), 2);
  });

  test('is named only where it is that of the last minute', () => {
    const named = (...samples: ReadonlyArray<GroupSample>) =>
      flowNotices(samples.map((each, index) => at(index, { groups: [each] }))).map(({ stage, state }) => [
        stage,
        state,
      ]);
    assert.equal(named(ends(9_000, 0, 0, 0), ends(9_050, 0, 0, 0)), []);
    assert.equal(named(ends(0, 9_000, 9_000, 9_000), ends(200, 9_000, 9_000, 9_000)), [['t', 'skewed']]);
  });
});
