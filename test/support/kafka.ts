/** The real Kafka of the tests: the run's shared one, or one of its own for a file that is run alone. */
import { systemClock } from '../../infra/clock';
import { brokerLibraries } from '../../infra/kafka/real-broker/broker-libraries';
import { KafkaUnavailable, requireJava } from '../../infra/kafka/real-broker/tools';
import { silentLogger } from '../../infra/logger';
import { MISSING_VARIABLE, SERVERS_VARIABLE, startSharedKafka } from './shared-kafka';

export { ownKafka, type OwnKafka } from './own-kafka';

export interface RealKafka {
  /** `host:port`, for clients. */
  readonly servers: string;
  /** Put before topic names, new at each call: tests that share a broker never meet. */
  readonly topicPrefix: () => string;
}

let prefixes = 0;
const unique = `${process.pid}-${systemClock.newId().slice(0, 8)}`;

const topicPrefix = (): string => {
  prefixes += 1;
  return `t${unique}-${prefixes}-`;
};

/** The broker, or the reason why there is none: skip then, test by test. */
export const realKafka = async (): Promise<RealKafka | { readonly missing: string }> => {
  const given = pick(process.env);
  // Started alone: the broker is killed when this process ends.
  return given ?? pick((await startSharedKafka()).environment) ?? { missing: 'no broker was started' };
};

/** Why a test file can't start a broker of its own; undefined where it can. Starts none. */
export const whyNoKafka = async (): Promise<string | undefined> => {
  const given = pick(process.env);
  if (given !== undefined) return 'missing' in given ? given.missing : undefined;
  try {
    await requireJava();
    await brokerLibraries(systemClock, silentLogger);
    return undefined;
  } catch (error) {
    if (error instanceof KafkaUnavailable) return error.message;
    throw error;
  }
};

const pick = (
  environment: Readonly<Record<string, string | undefined>>,
): RealKafka | { missing: string } | undefined => {
  const servers = environment[SERVERS_VARIABLE];
  if (servers !== undefined) return { servers, topicPrefix };
  const missing = environment[MISSING_VARIABLE];
  return missing === undefined ? undefined : { missing };
};
