/** Settings are tried before anything is served: a client is made of each kind, and the client itself says what can't be. */
import type { KafkaConsumer, LibrdKafkaError, Producer } from '@confluentinc/kafka-javascript';
import { ConfigurationError, settingNames, settingsFor, variableOf, type KafkaConnection } from '../configuration';
import { errorCodes } from './client-errors';
import { watchClient } from './client-lifecycle';
import { connectionSettings, type ClientSettings } from './client-settings';
import { makeConsumer } from './log-consumer';
import { makeProducer } from './log-producer';
import { silentLogger } from '../logger';

/** Nobody listens there: the trial is of the settings, and ends when the connection fails. */
const NOWHERE = '127.0.0.1:1';
const METADATA_TIMEOUT_MS = 1;

/** Never answered: the trial asks nobody for a token. */
const noToken = async (): Promise<never> => new Promise(() => undefined);

/** Makes a producer and a consumer with these settings and lets them go. Throws ConfigurationError. */
export const tryClients = async (connection: KafkaConnection): Promise<void> => {
  const settings = { ...connectionSettings(connection, undefined, noToken), 'bootstrap.servers': NOWHERE };
  await tryOne(() => makeProducer(withKind(settings, connection, 'producer')));
  await tryOne(() => makeConsumer(withKind(settings, connection, 'consumer'), 'tidemark-trial'));
};

const withKind = (
  settings: ClientSettings,
  connection: KafkaConnection,
  kind: 'producer' | 'consumer',
): ClientSettings => ({ ...settingsFor(connection, kind), ...settings });

/** The constructor looks at each setting for itself; the connection begins with a look at all of them together. */
const tryOne = async (make: () => KafkaConsumer | Producer): Promise<void> => {
  let client: KafkaConsumer | Producer;
  try {
    client = make();
  } catch (error) {
    throw impossible(error instanceof Error ? error.message : String(error));
  }
  watchClient(client, 'trial', silentLogger);
  const failure = await new Promise<LibrdKafkaError | null | undefined>((resolve) => {
    client.connect({ allTopics: false, timeout: METADATA_TIMEOUT_MS }, (error) => resolve(error));
  });
  const isOfSettings = failure?.code === errorCodes.ERR_UNKNOWN || failure?.code === errorCodes.ERR__STATE;
  if (isOfSettings) throw impossible(failure.message);
};

const impossible = (said: string): ConfigurationError => {
  const named = settingNames.filter((name) => new RegExp(`(^|[^a-z._])${name}($|[^a-z._])`).test(said)).map(variableOf);
  const where = named.length === 0 ? '' : ` (${named.join(', ')})`;
  return new ConfigurationError(`the Kafka client can't be made with these settings: ${said.trim()}${where}`);
};
