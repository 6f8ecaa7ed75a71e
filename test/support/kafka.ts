/** The real Kafka of the tests: the run's shared one, or one of its own for a file that is run alone. */
import { systemClock } from '../../infra/clock';
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

const pick = (
  environment: Readonly<Record<string, string | undefined>>,
): RealKafka | { missing: string } | undefined => {
  const servers = environment[SERVERS_VARIABLE];
  if (servers !== undefined) return { servers, topicPrefix };
  const missing = environment[MISSING_VARIABLE];
  return missing === undefined ? undefined : { missing };
};
