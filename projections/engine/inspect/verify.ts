/**
 * Verifies a projection against the store, without Kafka and without the projections role: the events up to the group's
 * checkpoints are folded into separate tables, which are compared row by row with the served ones.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { Clock } from '../../../infra/clock';
import { highWaterAt, type Checkpoint } from '../../../infra/consumption/checkpoints/checkpoints';
import { transactionFacts } from '../../../infra/consumption/intake/intake';
import { deadLetterHandling } from '../../../infra/dead-letters/redrive/redrive';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection } from '../../projection';
import type { Differences } from '../../view-reader';
import { applyStorePage, generationHandler, readStorePage } from '../apply/apply';
import { differenceCauses } from './explain-differences';
import { openScratch, openServedRows, type ScratchFile, ServedRowsMissing } from '../store/store';
import { topicsOf } from '../definitions/definitions';
import { compareGenerations, type RebuildProof } from './compare-tables';

/** The result of a verification. Plain JSON. */
export interface Verification {
  readonly projection: string;
  /** The last position that both include. */
  readonly position: number;
  readonly events: number;
  /** `before`: the served rows; `after`: the rows folded from the store. */
  readonly proof: RebuildProof;
  readonly differences: Differences | null;
}

export interface VerificationOptions {
  readonly viewsFile: string;
  /** A file that does not exist yet; the caller removes it. */
  readonly scratchFile: string;
  readonly store: EventFeed;
  readonly catalog: Catalog;
  readonly projection: Projection;
  readonly clock: Clock;
  readonly onProgress: (position: number, until: number) => void;
}

/** The projection cannot be verified, regardless of its rows. */
export class NotVerifiable extends Error {
  override readonly name = 'NotVerifiable';
}

/** Upper limit on the events that the fold may still lack when the snapshot of the served rows is taken. */
const MAX_FINAL_GAP_EVENTS = 2_000;
const MAX_ROUNDS = 20;
const CONSUMER = 'verification';

/** Verifies one projection, also while its group runs. Throws {@link NotVerifiable}. */
export const verifyProjection = async (options: VerificationOptions): Promise<Verification> => {
  const { scratchFile, store, catalog, projection, clock } = options;
  const served = servedRows(options);
  const scratch = openScratch(scratchFile, projection, clock, served.isDiscarded);
  try {
    assertSameTopics(options, served.checkpoints());
    const fold = scratchFold(scratch, options);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const bounds = served.checkpoints();
      if (fold.behind(bounds) <= MAX_FINAL_GAP_EVENTS) break;
      await fold.catchUp(bounds);
    }
    // One snapshot of checkpoints and rows, because the group goes on.
    const { bounds, events, proof, differences } = await served.inSnapshot(async (rows) => {
      const last = served.checkpoints();
      const applied = await fold.catchUp(last);
      return { bounds: last, events: applied, ...(await compareGenerations(projection, rows, scratch.scan())) };
    });
    const explained = differences === null ? null : await differenceCauses({ store, catalog, projection }, differences);
    return { projection: projection.name, position: highest(bounds), events, proof, differences: explained };
  } finally {
    served.close();
    scratch.close();
  }
};

const servedRows = ({ viewsFile, projection }: VerificationOptions): ReturnType<typeof openServedRows> => {
  try {
    return openServedRows(viewsFile, projection);
  } catch (error) {
    throw error instanceof ServedRowsMissing ? new NotVerifiable(error.message) : error;
  }
};

/** Without checkpoints in these topics the end of the fold is unknown: under another topic prefix every row would count as wrong. */
const assertSameTopics = (
  { catalog, projection }: VerificationOptions,
  checkpoints: ReadonlyArray<Checkpoint>,
): void => {
  const names = topicsOf(catalog, projection).map(({ name }) => name);
  const [elsewhere] = checkpoints;
  if (elsewhere === undefined || checkpoints.some(({ topic }) => names.includes(topic))) return;
  throw new NotVerifiable(
    `the group of ${projection.name} has checkpoints in ${elsewhere.topic}, and not in ${names.join(', ')}: ` +
      'set KAFKA_TOPIC_PREFIX as for the projections role',
  );
};

const highest = (checkpoints: ReadonlyArray<Checkpoint>): number =>
  Math.max(0, ...checkpoints.map(({ highWaterPosition }) => highWaterPosition));

interface ScratchFold {
  readonly behind: (bounds: ReadonlyArray<Checkpoint>) => number;
  /** Applies what is missing up to the bounds; returns how many events were applied in total. */
  readonly catchUp: (bounds: ReadonlyArray<Checkpoint>) => Promise<number>;
}

const scratchFold = (
  { tables, generation, write }: ScratchFile,
  { store, catalog, projection, onProgress }: VerificationOptions,
): ScratchFold => {
  const { checkpoints } = tables;
  const facts = transactionFacts(() => Promise.resolve(store));
  // An event that fails here fails in the group too, and is dead-lettered in both; discarded events are applied in neither.
  const { intake } = deadLetterHandling({ tables, catalog, store: facts.store });
  const scratchRows = generationHandler({
    consumer: CONSUMER,
    topics: new Set(topicsOf(catalog, projection).map(({ name }) => name)),
    generation,
  });
  let applied = 0;
  const reached = (bounds: ReadonlyArray<Checkpoint>): number => {
    const own = checkpoints.read(CONSUMER);
    const open = bounds.filter((bound) => highWaterAt(own, bound) < bound.highWaterPosition);
    return open.length === 0 ? highest(bounds) : Math.min(...open.map((bound) => highWaterAt(own, bound)));
  };
  const applyPage = async (
    bounds: ReadonlyArray<Checkpoint>,
    afterPosition: number,
    untilPosition: number,
  ): Promise<number> => {
    const read = await readStorePage(store, { afterPosition, untilPosition });
    const { outcome } = await facts.during(write, () => {
      for (const bound of bounds) checkpoints.begin(CONSUMER, { ...bound, nextOffset: 0, highWaterPosition: 0 });
      return applyStorePage(intake, scratchRows, read, { bounds });
    });
    applied += outcome.applied;
    return read.reachedPosition;
  };
  return {
    behind: (bounds) => highest(bounds) - reached(bounds),
    catchUp: async (bounds) => {
      const until = highest(bounds);
      for (let position = reached(bounds); position < until;) {
        position = await applyPage(bounds, position, until);
        onProgress(position, until);
      }
      // Everything up to a bound is applied, even if the partition's last event is before it.
      write(() => checkpoints.raiseEach(CONSUMER, bounds));
      return applied;
    },
  };
};
