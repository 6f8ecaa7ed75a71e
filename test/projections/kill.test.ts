/** kill -9 at any point, repeatedly: batches, rebuilds from either source, swaps. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../infra/clock';
import { application } from '../../projections/fulfilment/application';
import { kafkaSpec } from '../support/kafka-spec';
import { seededRandom } from '../support/random';
import { ordersStory, projectionsWorld, type ProjectionsWorld } from './projections-world';

const { projections } = application;

const CHILD = join(__dirname, 'run-projections.js');
const SEED = Number(process.env['TEST_SEED'] ?? 20_261_124);
const KILLS = 12;
const ORDERS_A_ROUND = 500;

interface Child {
  readonly kill: () => Promise<void>;
}

const startChild = (parameters: ReadonlyArray<string>): Child => {
  const child = spawn(process.execPath, [CHILD, ...parameters], { stdio: ['ignore', 'ignore', 'inherit'] });
  const killChild = (): void => void child.kill('SIGKILL');
  // Whatever stops this test must not leave the child running.
  process.once('exit', killChild);
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    kill: async () => {
      killChild();
      await ended;
      process.off('exit', killChild);
    },
  };
};

kafkaSpec('a projections process that is killed', ({ test }, broker) => {
  test(
    `leaves nothing lost, duplicated or half done, and its rebuilds are resumed (seed ${SEED})`,
    async () => {
      const random = seededRandom(SEED);
      const prefix = broker.topicPrefix();
      const world = await projectionsWorld(broker.servers, prefix);
      const start = (): Child => startChild([broker.servers, prefix, world.viewsFile, world.storeFile]);
      let child = start();
      try {
        const asked: number[] = [];
        for (let round = 0; round < KILLS; round += 1) {
          await world.tell(ordersStory(round * ORDERS_A_ROUND, ORDERS_A_ROUND));
          const projection = projections[round % projections.length]?.name ?? '';
          asked.push(world.ask(projection, round % 2 === 0 ? 'kafka' : 'store'));
          // From before anything is open to the middle of the work.
          await systemClock.sleep(150 + random() * 1_500);
          await child.kill();
          child = start();
        }
        for (const id of asked) {
          const { state, reason } = await world.ended(id);
          assert.is(state, 'done', reason ?? '');
        }
        await world.caughtUp();
        await allAsExpected(world);
        assert.equal(tablesLeftOver(world), []);
      } finally {
        await child.kill();
        await world.close();
      }
    },
    { timeoutMs: 150_000 },
  );
});

const allAsExpected = async (world: ProjectionsWorld): Promise<void> => {
  for (const projection of projections) {
    assert.equal(world.shown(projection.name), await world.expected(projection), projection.name);
  }
  for (const { name } of projections) {
    const proof = world.reader.projections().find((status) => status.name === name)?.rebuild?.proof;
    assert.is(proof?.['equal'], true, name);
  }
};

/** Generations that are not served. */
const tablesLeftOver = (world: ProjectionsWorld): ReadonlyArray<string> => {
  // The served generation and the previous one.
  const generations = new Map(
    world.reader
      .projections()
      .map(({ name, generation, former }) => [name, [generation, former?.generation ?? generation].map(String)]),
  );
  return world.tables().filter((table) => {
    const [name = '', generation] = table.split('#');
    return generations.get(name)?.includes(generation ?? '') !== true;
  });
};
