/** The settings of a single-node Kafka, as its own configuration file. */

/** A further listener beside the plain one, for tests of TLS and SASL. */
export interface ExtraListener {
  /** One of Kafka's security protocols; also its name. */
  readonly protocol: 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  readonly port: number;
}

/** What stays the same over a broker's life. */
export interface BrokerIdentity {
  /** Random, so that whoever asks a port for its broker can tell whether it is this one. */
  readonly nodeId: number;
  readonly port: number;
  readonly controllerPort: number;
}

export interface BrokerProperties extends BrokerIdentity {
  readonly logFolder: string;
  readonly extraListeners: ReadonlyArray<ExtraListener>;
  /** Further settings, last. */
  readonly further: Readonly<Record<string, string>>;
}

const HOST = '127.0.0.1';

/** Writes the file. */
export const brokerPropertiesText = (properties: BrokerProperties): string => {
  const { nodeId, port, controllerPort, logFolder, extraListeners, further } = properties;
  const clientListeners = [
    `PLAINTEXT://${HOST}:${port}`,
    ...extraListeners.map((listener) => `${listener.protocol}://${HOST}:${listener.port}`),
  ];
  const settings: Readonly<Record<string, string | number>> = {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'controller.quorum.bootstrap.servers': `${HOST}:${controllerPort}`,
    listeners: [...clientListeners, `CONTROLLER://${HOST}:${controllerPort}`].join(','),
    'advertised.listeners': clientListeners.join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
      ...extraListeners.map(({ protocol }) => `${protocol}:${protocol}`),
    ].join(','),
    'log.dirs': logFolder,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A misspelt topic must be an error, not a topic.
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': 0,
    // A broker that was killed is let back in when its old session is over: four seconds, not nine.
    'broker.heartbeat.interval.ms': 1_000,
    'broker.session.timeout.ms': 4_000,
    ...further,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
};

/** The identity that a file names. */
export const readIdentity = (text: string): BrokerIdentity | undefined => {
  const nodeId = /^node\.id=(\d+)$/m.exec(text)?.[1];
  const port = /^listeners=PLAINTEXT:\/\/[^:]+:(\d+)/m.exec(text)?.[1];
  const controllerPort = /CONTROLLER:\/\/[^:]+:(\d+)/.exec(text)?.[1];
  if (nodeId === undefined || port === undefined || controllerPort === undefined) return undefined;
  return { nodeId: Number(nodeId), port: Number(port), controllerPort: Number(controllerPort) };
};
