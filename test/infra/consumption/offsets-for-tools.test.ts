/** Kafka's own tool sees how far a group is; the group itself never looks. */
import * as assert from 'uvu/assert';
import { noCounts } from '../../../infra/consumption/status/outcome-counts';
import { groupProgress } from '../../../infra/consumption/loop/progress';
import { offsetsForTools } from '../../../infra/consumption/loop/offsets-for-tools';
import { systemClock } from '../../../infra/clock';
import { kafkaSpec } from '../../support/kafka-spec';
import { describeGroup } from '../../support/kafka-tools';
import { eventually } from '../../support/server';
import { spec } from '../../spec';
import { countsAre, groupWorld } from './group-world';

kafkaSpec('offsets that are committed to Kafka', ({ test }, broker) => {
  test("show in Kafka's own tool the lag that the group itself says, running and stopped", async () => {
    const prefix = broker.topicPrefix();
    const world = await groupWorld(broker.servers, prefix);
    try {
      world.start();
      const tally = world.open();
      const group = world.run(tally);
      await world.publish(30);
      await countsAre(tally, 30);
      const shownAs = async (): Promise<Readonly<Record<string, number>>> => {
        const shown = await describeGroup(broker.servers, tally.group);
        const own = [...shown].filter(([place]) => place.startsWith(`${prefix}stock/`));
        return Object.fromEntries(own.map(([place, { offset }]) => [place, Number(offset)]));
      };
      const standing = (): Readonly<Record<string, number>> =>
        Object.fromEntries(
          group
            .status()
            .partitions.filter(({ topic }) => topic === `${prefix}stock`)
            .map(({ topic, partition, nextOffset }) => [`${topic}/${partition}`, nextOffset]),
        );
      await group.stop();
      assert.equal(await shownAs(), standing());

      // More comes while it is stopped: the tool shows it as lag.
      await world.publish(20);
      const lags = [...(await describeGroup(broker.servers, tally.group))]
        .filter(([place]) => place.startsWith(`${prefix}stock/`))
        .map(([, { lag }]) => Number(lag));
      assert.is(
        lags.reduce((sum, lag) => sum + lag, 0),
        20,
      );

      const again = world.run(tally);
      await countsAre(tally, 50);
      await eventually('the tool shows no lag', async () => {
        const shown = [...(await describeGroup(broker.servers, tally.group))];
        return shown.filter(([place]) => place.startsWith(prefix)).every(([, { lag }]) => lag === '0' || lag === '-');
      });
      await again.stop();
    } finally {
      await world.close();
    }
  });
});

spec('offsets that Kafka does not take', ({ test }) => {
  test('are counted, said once, tried again later, and stop nothing', async () => {
    let nowMs = 0;
    const told: string[] = [];
    let failures = 0;
    let commits = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const progress = groupProgress('g', clock);
    const checkpoint = { topic: 'stock', partition: 0, logId: 'l', nextOffset: 5, highWaterPosition: 5 };
    progress.restore([checkpoint]);
    progress.count(noCounts());
    const offsets = offsetsForTools(
      {
        handler: { group: 'g', topics: ['stock'] } as never,
        clock,
        logger: {
          debug: () => {},
          info: () => {},
          error: () => {},
          warn: (_fields, message) => void told.push(message),
        },
        observer: { applied: () => {}, retried: () => {}, commitFailed: () => (failures += 1) },
      },
      progress,
      {
        commit: async () => {
          commits += 1;
          return Promise.reject(new Error('GROUP_AUTHORIZATION_FAILED'));
        },
        poll: async () => Promise.resolve([]),
      } as never,
    );
    for (let second = 0; second < 5; second += 1) {
      offsets.commitWhenDue();
      await new Promise((resolve) => setImmediate(resolve));
      offsets.commitWhenDue();
      nowMs += 1_000;
    }
    await offsets.settle();
    assert.ok(commits >= 5 && failures === commits, `${commits} commits, ${failures} failures`);
    assert.is(told.length, 1);
  });
});
