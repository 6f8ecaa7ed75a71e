/**
 * Whatever fails, repeats, is killed or is taken over, and in whatever order operators redrive: in the end the rows are those of
 * a run in which nothing failed, and every key has seen its events in order, each once.
 */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { kafkaSpec } from '../../support/kafka-spec';
import { rawRecords } from '../../support/log-probe';
import { deadLetterTopic } from '../../../infra/consumption/loop/dead-letter-topic-name';
import { temporaryFolder } from '../sqlite/temporary-folder';
import { schedules } from './schedules/acts';
import { kafkaLane, type Lane } from './schedules/lane';
import { prepareFile } from './schedules/prepare-file';
import { Life } from './schedules/life';
import { GROUP } from './schedules/note-book';
import { crashPoints } from './schedules/views-process';

const LANES = 8;
const SCHEDULES = Number(process.env['TEST_SCHEDULES'] ?? 2_000);
const SEED = Number(process.env['TEST_SEED'] ?? 20_171_124);

kafkaSpec(
  'random schedules of failures, kills, take-overs and redrives on a broker',
  ({ test, before, after }, broker) => {
    const folder = temporaryFolder();
    /** A file that every life begins with a copy of. */
    const unborn = join(folder, 'unborn.sqlite');
    const seen = new Set<string>();
    const lanes: Lane[] = [];
    const copies = new Map<Lane, string[]>();

    before(async () => {
      for (let index = 0; index < LANES; index += 1) lanes.push(await kafkaLane(broker.servers, broker.topicPrefix()));
      await prepareFile(unborn);
    });
    after(async () => {
      for (const lane of lanes) await lane.close();
    });

    const leadLives = async (lane: Lane, index: number): Promise<void> => {
      let lives = 0;
      await fc.assert(
        fc.asyncProperty(schedules, async (schedule) => {
          lives += 1;
          const file = join(folder, `${index}-${lives}.sqlite`);
          copyFileSync(unborn, file);
          const life = new Life(lane, file, String(lives), schedule);
          const left = await life.lead(schedule.acts);
          for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
          for (const each of life.seen) seen.add(each);
          copies.set(lane, [...(copies.get(lane) ?? []), ...left]);
        }),
        { seed: SEED + index, numRuns: SCHEDULES / LANES, includeErrorInReport: true },
      );
    };

    test(
      'end in the rows of a run without failures, every key in order',
      async () => {
        const ends = await Promise.allSettled(lanes.map(leadLives));
        for (const end of ends) if (end.status === 'rejected') throw end.reason;
      },
      { timeoutMs: 270_000 },
    );

    test('leave a copy of every dead letter in the dead-letter topic', async () => {
      for (const lane of lanes) {
        const records = await rawRecords(broker.servers, [deadLetterTopic(lane.topicPrefix, GROUP)]);
        const found = records.map(({ key, headers = [] }) => {
          const named = Object.assign({}, ...headers) as Readonly<Record<string, unknown>>;
          return `${String(key)}/${String(named['dlt-original-partition'])}/${String(named['dlt-original-offset'])}`;
        });
        assert.equal([...new Set(found)].sort(), [...new Set(copies.get(lane))].sort());
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
