/** Tests that need a real Kafka: run on it, or skipped one by one with the reason why there is none. */
import { spec, type Spec } from '../spec';
import { realKafka, type RealKafka } from './kafka';

/** Nobody is asked to run what would use it. */
const noBroker: RealKafka = { servers: '', topicPrefix: () => '' };

/** Declares and runs the tests of one subject on the broker of the run. */
export const kafkaSpec = (subject: string, define: (spec: Spec, broker: RealKafka) => void): void => {
  void realKafka().then((broker) => {
    if (!('missing' in broker)) {
      spec(subject, (tools) => define(tools, broker));
      return;
    }
    spec(subject, ({ skip }) => {
      const test: Spec['test'] = (sentence) => skip(sentence, broker.missing);
      define({ before: () => undefined, after: () => undefined, test, skip }, noBroker);
    });
  });
};
