/**
 * Holds a projection against the store, without Kafka and without the role that serves it: the events are folded into
 * tables of their own, up to where the group stands, and compared row by row with those in service.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { Clock } from '../../../infra/clock';
import { highWaterAt, type Checkpoint } from '../../../infra/consumption/checkpoints/checkpoints';
import { transactionFacts } from '../../../infra/consumption/intake/intake';
import { deadLetterHandling } from '../../../infra/dead-letters/redrive/redrive';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection } from '../../projection';
import type { Differences } from '../../view-reader';
import { applyStorePage, consumerOf, readStorePage } from '../apply/apply';
import { differenceCauses } from './explain-differences';
import { openScratch, openServedRows, type ScratchFile, ServedRowsMissing } from '../store/store';
import { topicsOf } from '../definitions/definitions';
import { compareGenerations, type RebuildProof } from './compare-tables';

/** What came of it. Plain JSON. */
export interface Verification {
  readonly projection: string;
  /** The last position that is in both. */
  readonly position: number;
  readonly events: number;
  /** `before`: the rows in service; `after`: the rows as the store makes them. */
  readonly proof: RebuildProof;
  readonly differences: Differences | null;
}

export interface VerificationOptions {
  readonly viewsFile: string;
  /** A file that is not there yet; the caller removes it. */
  readonly scratchFile: string;
  readonly store: EventFeed;
  readonly catalog: Catalog;
  readonly projection: Projection;
  readonly clock: Clock;
  readonly onProgress: (position: number, until: number) => void;
}

/** The projection can't be verified, whatever its rows are. */
export class NotVerifiable extends Error {
  override readonly name = 'NotVerifiable';
}

/** What the fold may still lack when the rows are held still: so much is read in a moment. */
const MAX_FINAL_GAP_EVENTS = 2_000;
const MAX_ROUNDS = 20;
const CONSUMER = 'verification';

/** Verifies one projection, also while its group goes on. Throws {@link NotVerifiable}. */
export const verifyProjection = async (options: VerificationOptions): Promise<Verification> => {
  const { scratchFile, store, catalog, projection, clock } = options;
  const served = servedRows(options);
  const scratch = openScratch(scratchFile, projection, clock, served.isDiscarded);
  try {
    refuseOtherTopics(options, served.checkpoints());
    const fold = scratchFold(scratch, options);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const bounds = served.checkpoints();
      if (fold.behind(bounds) <= MAX_FINAL_GAP_EVENTS) break;
      await fold.catchUp(bounds);
    }
    // One snapshot of checkpoints and rows: the group goes on beside it.
    const { bounds, events, proof, differences } = await served.heldStill(async (rows) => {
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

/** Up to where the group stands in these topics nobody knows: with other names its rows would all count as wrong. */
const refuseOtherTopics = ({ catalog, projection }: VerificationOptions, stands: ReadonlyArray<Checkpoint>): void => {
  const names = topicsOf(catalog, projection).map(({ name }) => name);
  const [elsewhere] = stands;
  if (elsewhere === undefined || stands.some(({ topic }) => names.includes(topic))) return;
  throw new NotVerifiable(
    `the group of ${projection.name} stands in ${elsewhere.topic}, and not in ${names.join(', ')}: ` +
      'set KAFKA_TOPIC_PREFIX as for the role that makes the rows',
  );
};

const highest = (checkpoints: ReadonlyArray<Checkpoint>): number =>
  Math.max(0, ...checkpoints.map(({ highWaterPosition }) => highWaterPosition));

interface ScratchFold {
  readonly behind: (bounds: ReadonlyArray<Checkpoint>) => number;
  /** Applies what is missing up to the bounds; returns how many events were applied since the beginning. */
  readonly catchUp: (bounds: ReadonlyArray<Checkpoint>) => Promise<number>;
}

const scratchFold = (
  { tables, generation, write }: ScratchFile,
  { store, catalog, projection, onProgress }: VerificationOptions,
): ScratchFold => {
  const { checkpoints } = tables;
  const facts = transactionFacts(() => Promise.resolve(store));
  // What fails here fails in the group too, and is set aside in both; and what people gave up counts in neither.
  const { intake } = deadLetterHandling({ tables, catalog, store: facts.store });
  const scratchRows = consumerOf({
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
      // Everything below a bound is applied, whether or not the partition's last event stands right at it.
      write(() => checkpoints.advanceHighWater(CONSUMER, bounds));
      return applied;
    },
  };
};
