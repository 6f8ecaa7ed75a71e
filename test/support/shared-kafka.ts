/** One real broker for all test files of a run. */
import { KafkaUnavailable } from '../../infra/kafka/real-broker/tools';
import { ownKafka } from './own-kafka';

/** How the test files get to know the broker. */
export const SERVERS_VARIABLE = 'TEST_KAFKA_SERVERS';
/** Why there is none: the tests that need one are skipped with this reason. */
export const MISSING_VARIABLE = 'TEST_KAFKA_MISSING';

export interface SharedKafka {
  /** What to put into the environment of the test files. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** Starts the broker; where it can't be had, the environment says why. */
export const startSharedKafka = async (): Promise<SharedKafka> => {
  try {
    const { servers, stop } = await ownKafka();
    return { environment: { [SERVERS_VARIABLE]: servers }, stop };
  } catch (error) {
    // A broker that can be had and does not start is no reason to skip anything.
    if (!(error instanceof KafkaUnavailable)) throw error;
    return { environment: { [MISSING_VARIABLE]: error.message }, stop: async () => Promise.resolve() };
  }
};
