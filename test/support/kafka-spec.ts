/** Tests that need a real Kafka: run on it, or skipped one by one with the reason why there is none. */
import { spec, type Spec } from '../spec';
import { realKafka, whyNoKafka, type RealKafka } from './kafka';

/** Nobody is asked to run what would use it. */
const noBroker: RealKafka = { servers: '', topicPrefix: () => '' };

/** Declares tests, each of which is skipped where something is missing. */
export const specUnless = (missing: string | undefined, subject: string, define: (spec: Spec) => void): void => {
  if (missing === undefined) {
    spec(subject, define);
    return;
  }
  spec(subject, ({ skip }) => {
    const test: Spec['test'] = (sentence) => skip(sentence, missing);
    define({ before: () => undefined, after: () => undefined, test, skip });
  });
};

/** Declares and runs the tests of one subject on the broker of the run. */
export const kafkaSpec = (subject: string, define: (spec: Spec, broker: RealKafka) => void): void => {
  void realKafka().then((broker) => {
    const isMissing = 'missing' in broker;
    const missing = isMissing ? broker.missing : undefined;
    specUnless(missing, subject, (tools) => define(tools, isMissing ? noBroker : broker));
  });
};

/** The same for tests that start a broker of their own. */
export const ownKafkaSpec = (subject: string, define: (spec: Spec) => void): void => {
  void whyNoKafka().then((missing) => specUnless(missing, subject, define));
};
