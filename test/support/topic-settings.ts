/** Changes a topic's settings as `kafka-configs.sh --alter` does. */
import { connectBroker } from '../../infra/kafka/wire/broker-connection';
import { KafkaWriter } from '../../infra/kafka/wire/kafka-bytes';

const INCREMENTAL_ALTER_CONFIGS = 44;
const TOPIC = 2;
const SET = 0;

/** Rejects where the broker does not take them. */
export const alterTopic = async (
  servers: string,
  topic: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> => {
  const [host = '', port = ''] = servers.split(':');
  const connection = await connectBroker({ host, port: Number(port) }, {}, 5_000);
  try {
    const body = new KafkaWriter();
    body.list([topic], (name) => {
      body.int8(TOPIC).text(name);
      body.list(Object.entries(settings), ([setting, value]) => {
        body.text(setting).int8(SET).text(value);
      });
    });
    body.int8(0);
    const answer = await connection.ask({ api: INCREMENTAL_ALTER_CONFIGS, version: 0, body: body.end() });
    answer.int32();
    answer.list(() => {
      const code = answer.int16();
      if (code !== 0) throw new Error(`error ${code}: ${answer.text() ?? ''}`);
      answer.text();
      answer.int8();
      return answer.text();
    });
  } finally {
    connection.close();
  }
};
