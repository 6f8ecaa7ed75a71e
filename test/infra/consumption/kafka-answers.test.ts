/** A group that waits for a Kafka that does not respond: its status says so and stays recent until Kafka responds. */
import * as assert from 'uvu/assert';
import { systemClock, type Clock } from '../../../infra/clock';
import { reportGroupSilence } from '../../../infra/consumption/loop/kafka-answers';
import { groupProgress, type GroupProgress } from '../../../infra/consumption/loop/progress';
import type { GroupStatus } from '../../../infra/consumption/status/status';
import { watchAnswers } from '../../../infra/kafka/answer-watch';
import type { EventLog, LogConsumer } from '../../../infra/kafka/event-log';
import { spec } from '../../spec';

/** Time passes by sleeping only. */
const fastClock = (): Clock => {
  let nowMs = 0;
  return {
    ...systemClock,
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
};

/** A log whose every question is answered when the test says so. */
const heldLog = (trouble?: string) => {
  let waiting: (() => void)[] = [];
  const held = <Answer>(answer: Answer): Promise<Answer> =>
    new Promise((resolve) => waiting.push(() => resolve(answer)));
  const consumer = {
    poll: () => held([]),
    watermarks: () => held({ low: 0, high: 0 }),
    close: () => held(undefined),
  } as unknown as LogConsumer;
  const log = {
    describe: () => held([]),
    openConsumer: async () => Promise.resolve(consumer),
    trouble: () => trouble,
  } as unknown as EventLog;
  const answer = (): void => {
    for (const each of waiting) each();
    waiting = [];
  };
  return { log, answer };
};

/** Looks at the group for so long; what it reported meanwhile. */
const reportedWhile = async (
  clock: Clock,
  watched: ReturnType<typeof watchAnswers>,
  progress: GroupProgress,
  forMs: number,
): Promise<ReadonlyArray<GroupStatus>> => {
  const reports: GroupStatus[] = [];
  const stopping = new AbortController();
  const untilMs = clock.monotonicMs() + forMs;
  const refresh = async (): Promise<void> => Promise.resolve(void reports.push(progress.status()));
  const reporter = { refresh, refreshWhenDue: async () => Promise.resolve(false) };
  const ended: Clock = {
    ...clock,
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal);
      if (clock.monotonicMs() >= untilMs) stopping.abort();
    },
  };
  await reportGroupSilence({ watched, progress, reporter, clock: ended, stopping: stopping.signal });
  return reports;
};

spec('a group that waits for Kafka', ({ test }) => {
  const questions: ReadonlyArray<readonly [string, (log: EventLog) => Promise<unknown>]> = [
    ['the topics', (log) => log.describe(['orders'])],
    ['records', async (log) => (await log.openConsumer('g')).poll(10)],
    ['the end of a log', async (log) => (await log.openConsumer('g')).watermarks('orders', 0)],
    ['the end of a consumer', async (log) => (await log.openConsumer('g')).close()],
  ];
  for (const [what, ask] of questions) {
    test(`says since when nobody answers, asked for ${what}, and its status stays fresh`, async () => {
      const clock = fastClock();
      const { log, answer } = heldLog('no route to a:1');
      const watched = watchAnswers(log, clock);
      const progress = groupProgress('g', clock);
      progress.setState('running', null);
      const question = ask(watched.log);
      await new Promise((resolve) => setImmediate(resolve));
      const reports = await reportedWhile(clock, watched, progress, 20_000);
      const [first] = reports;
      assert.is(first?.state, 'retrying');
      assert.match(first?.reason ?? '', 'Kafka has not answered since 1970-01-01T00:00:00.000Z');
      assert.match(first?.reason ?? '', '(no route to a:1)');
      assert.is(new Set(reports.map(({ reason }) => reason)).size, 1);
      assert.is(new Set(reports.map(({ updatedAt }) => updatedAt)).size, reports.length);
      assert.ok(reports.length > 10, `${reports.length} reports`);
      answer();
      await question;
      assert.is(watched.waitingSinceMs(), undefined);
      assert.equal(await reportedWhile(clock, watched, progress, 20_000), []);
    });
  }

  test('does not report responses in time', async () => {
    const clock = fastClock();
    const { log, answer } = heldLog();
    const watched = watchAnswers(log, clock);
    const progress = groupProgress('g', clock);
    for (let round = 0; round < 5; round += 1) {
      const question = watched.log.describe([]);
      assert.equal(await reportedWhile(clock, watched, progress, 3_000), []);
      answer();
      await question;
    }
  });

  test('keeps the reason of a halt, with a current date', async () => {
    const clock = fastClock();
    const { log, answer } = heldLog();
    const watched = watchAnswers(log, clock);
    const progress = groupProgress('g', clock);
    progress.setState('halted', 'the store is older');
    const question = watched.log.describe([]);
    const reports = await reportedWhile(clock, watched, progress, 10_000);
    assert.ok(reports.length > 0);
    for (const { state, reason } of reports) assert.equal([state, reason], ['halted', 'the store is older']);
    answer();
    await question;
  });
});
