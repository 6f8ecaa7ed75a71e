/** Readiness as a decision over what the stages say: halted, blocked, silent or retrying for too long is not ready. */
import * as assert from 'uvu/assert';
import { assessStages, type StageReport, type StageStatus } from '../../api/program/readiness';
import { spec } from '../spec';
import { apiFixture } from './api-fixture';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const STARTED_MS = NOW_MS - 3_600_000;
const ago = (seconds: number): string => new Date(NOW_MS - seconds * 1_000).toISOString();

const stage = (status: Partial<StageStatus>, changes: Partial<StageReport> = {}): StageReport => ({
  stage: 'relay',
  isOwn: true,
  status: { state: 'running', reason: null, since: ago(100), updatedAt: ago(1), ...status },
  ...changes,
});
const assess = (...stages: ReadonlyArray<StageReport>) => assessStages(stages, NOW_MS, STARTED_MS);

spec('the readiness of the flow', ({ test }) => {
  test('is given where every stage runs, catches up, or has begun a moment ago', () => {
    const stages = [
      stage({}),
      stage({ state: 'catching-up', since: ago(3_000) }),
      stage({ state: 'starting', since: ago(20) }),
      stage({ state: 'retrying', since: ago(20), reason: 'a broker restarts' }),
      stage({ state: 'stopped', updatedAt: ago(30) }),
    ];
    assert.equal(assess(...stages).reasons, []);
  });

  for (const state of ['halted', 'blocked'] as const) {
    test(`is not given at once where a stage is ${state}, with its name and its reason`, () => {
      const { reasons } = assess(stage({ state, reason: 'the topic is another one', since: ago(0) }));
      assert.equal(reasons, [{ stage: 'relay', state, reason: 'the topic is another one' }]);
    });
  }

  test('is not given where a stage retries or starts for too long', () => {
    const reasons = assess(
      stage({ state: 'retrying', since: ago(31), reason: 'nothing is acknowledged' }),
      stage({ state: 'starting', since: ago(61), reason: 'waits for its topics' }, { stage: 'order-summary' }),
    ).reasons;
    assert.equal(reasons, [
      { stage: 'relay', state: 'retrying', reason: `since ${ago(31)}: nothing is acknowledged` },
      { stage: 'order-summary', state: 'starting', reason: `since ${ago(61)}: waits for its topics` },
    ]);
  });

  test('is not given where a stage has given no sign of life, in this process or another, stopped or not', () => {
    for (const state of ['running', 'stopped', 'catching-up', 'retrying'] as const) {
      for (const isOwn of [true, false]) {
        const [reason] = assess(stage({ state, updatedAt: ago(61) }, { isOwn })).reasons;
        assert.match(reason?.reason ?? '', new RegExp(`^no report since ${ago(61)}`));
      }
    }
  });

  test('takes a stage that was never seen as unknown, which only counts where this process runs it', () => {
    const unseen = { stage: 'fulfilment', status: undefined };
    assert.equal(assess({ ...unseen, isOwn: false }).reasons, []);
    assert.equal(assess({ ...unseen, isOwn: true }).reasons, [
      { stage: 'fulfilment', state: 'unknown', reason: 'it has not reported since this process started' },
    ]);
    const before = { state: 'halted' as const, updatedAt: new Date(STARTED_MS - 1).toISOString() };
    assert.is(assess(stage(before)).reasons[0]?.state, 'unknown', 'what the last process wrote is not its own');
  });

  test('expects nothing of a group whose rows are being made anew', () => {
    assert.equal(assess(stage({ updatedAt: ago(900) }, { isRebuilding: true })).reasons, []);
  });

  test('names what does not stand in the way as a notice', () => {
    const { reasons, notices } = assess(stage({ reason: '3 events are not published' }));
    assert.equal(reasons, []);
    assert.equal(notices, [{ stage: 'relay', state: 'running', reason: '3 events are not published' }]);
  });

  test('is answered as a problem with the reasons', async () => {
    const reasons = [{ stage: 'relay', state: 'halted', reason: 'the topics belong to another store' }];
    const { get } = apiFixture({
      readiness: async () => Promise.resolve({ ready: false, checks: { store: 'open' }, reasons, notices: [] }),
    });
    const { status, body } = await get('/health/ready');
    assert.is(status, 503);
    assert.is(body['type'], '/problems/not-ready');
    assert.equal(body['reasons'], reasons);
    assert.match(String(body['detail']), /relay is halted: the topics belong to another store/);
  });
});
