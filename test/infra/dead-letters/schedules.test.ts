/**
 * Whatever fails, repeats, is killed or is taken over, and in whatever order operators redrive: at the end the rows are those of
 * a run without failures, and the events of every stream were applied in order, each once.
 */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { kafkaSpec } from '../../support/kafka-spec';
import { rawRecords } from '../../support/log-probe';
import { deadLetterTopic } from '../../../infra/consumption/loop/dead-letter-topic-name';
import { temporaryFolder } from '../sqlite/temporary-folder';
import { schedules } from './schedules/schedule';
import { openSharedTopic, type SharedTopic } from './schedules/shared-topic';
import { prepareFile } from './schedules/prepare-file';
import { ScheduleRun } from './schedules/schedule-run';
import { GROUP } from './schedules/notes-projection';
import { crashPoints } from './schedules/views-process';

const SHARED_TOPICS = 8;
const SCHEDULES = Number(process.env['TEST_SCHEDULES'] ?? 2_000);
const SEED = Number(process.env['TEST_SEED'] ?? 20_171_124);

kafkaSpec(
  'random schedules of failures, kills, take-overs and redrives on a broker',
  ({ test, before, after }, broker) => {
    const folder = temporaryFolder();
    /** Every run begins with a copy of this file. */
    const emptyFile = join(folder, 'empty.sqlite');
    const seen = new Set<string>();
    const sharedTopics: SharedTopic[] = [];
    const copies = new Map<SharedTopic, string[]>();

    before(async () => {
      for (let index = 0; index < SHARED_TOPICS; index += 1)
        sharedTopics.push(await openSharedTopic(broker.servers, broker.topicPrefix()));
      await prepareFile(emptyFile);
    });
    after(async () => {
      for (const sharedTopic of sharedTopics) await sharedTopic.close();
    });

    const runSchedules = async (sharedTopic: SharedTopic, index: number): Promise<void> => {
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(schedules, async (schedule) => {
          runs += 1;
          const file = join(folder, `${index}-${runs}.sqlite`);
          copyFileSync(emptyFile, file);
          const run = new ScheduleRun(sharedTopic, file, String(runs), schedule);
          const left = await run.run(schedule.steps);
          for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
          for (const each of run.seen) seen.add(each);
          copies.set(sharedTopic, [...(copies.get(sharedTopic) ?? []), ...left]);
        }),
        { seed: SEED + index, numRuns: SCHEDULES / SHARED_TOPICS, includeErrorInReport: true },
      );
    };

    test(
      'end in the rows of a run without failures, every key in order',
      async () => {
        const ends = await Promise.allSettled(sharedTopics.map(runSchedules));
        for (const end of ends) if (end.status === 'rejected') throw end.reason;
      },
      { timeoutMs: 270_000 },
    );

    test('leave a copy of every dead letter in the dead-letter topic', async () => {
      for (const sharedTopic of sharedTopics) {
        const records = await rawRecords(broker.servers, [deadLetterTopic(sharedTopic.topicPrefix, GROUP)]);
        const found = records.map(({ key, headers = [] }) => {
          const named = Object.assign({}, ...headers) as Readonly<Record<string, unknown>>;
          return `${String(key)}/${String(named['dlt-original-partition'])}/${String(named['dlt-original-offset'])}`;
        });
        assert.equal([...new Set(found)].sort(), [...new Set(copies.get(sharedTopic))].sort());
      }
    });

    test('have met everything that can happen', () => {
      const outcomes = [
        'applied',
        'duplicates',
        'parked',
        'malformed',
        'unknownContract',
        'rejected',
        'defect',
        'transient',
      ];
      const endings = ['crashed', 'LeaseLost', 'CheckpointMoved'];
      const states = ['running', 'retrying', 'retries', 'redriven', 'away in a redrive'];
      const kills = Object.entries(crashPoints).flatMap(([point, { during }]) =>
        during === 'redriveStep' ? [`killed ${point}`] : [],
      );
      for (const each of [...outcomes, ...endings, ...states, ...kills])
        assert.ok(seen.has(each), `${each} was never seen`);
    });
  },
);
