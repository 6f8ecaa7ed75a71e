/** The Kafka client's values: the one file that loads them, so that a native part that is not built is explained. */
import { createRequire } from 'node:module';
import type * as Client from '@confluentinc/kafka-javascript';
import { withNativePart } from '../native-part';

const LIBRARY = '@confluentinc/kafka-javascript';
const load = createRequire(__filename);

export const { AdminClient, CODES, features, IsolationLevel, KafkaConsumer, OffsetSpec, Producer } = withNativePart(
  LIBRARY,
  () => load(LIBRARY) as typeof Client,
);
