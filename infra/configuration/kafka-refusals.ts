/** Settings of the Kafka client that would break a guarantee of the engine, each with the reason. */

const reasons = (reason: string, names: string): ReadonlyArray<readonly [string, string]> =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => [name, reason]);

const refusals: ReadonlyMap<string, string> = new Map([
  ...reasons('KAFKA_BROKERS says where the brokers are', 'bootstrap.servers metadata.broker.list'),
  ...reasons('an event counts as published when every replica in sync has it', 'acks request.required.acks'),
  ...reasons(
    'an event that is sent again must not be stored twice, nor out of order',
    'enable.idempotence enable.gapless.guarantee max.in.flight max.in.flight.requests.per.connection',
  ),
  ...reasons(
    'an event is retried until it is delivered: giving up would leave a gap',
    'message.timeout.ms delivery.timeout.ms retries message.send.max.retries',
  ),
  ...reasons(
    'Kafka transactions are not used, and a gap in the offsets means loss',
    'transactional.id transaction.timeout.ms',
  ),
  ...reasons(
    "the engine places events itself, as Kafka's own clients do (murmur2), and keeps their order",
    'partitioner queuing.strategy sticky.partitioning.linger.ms',
  ),
  ...reasons(
    'the relay needs every delivery report',
    'delivery.report.only.error dr_cb dr_msg_cb produce.offset.report',
  ),
  ...reasons('an event is compared with the maximum record size before it is stored', 'message.max.bytes'),
  ...reasons(
    'offsets are stored with their rows, in one transaction',
    `enable.auto.commit auto.commit.enable auto.commit.interval.ms enable.auto.offset.store offset.store.method
     offset.store.path offset.store.sync.interval.ms`,
  ),
  ...reasons('an offset that the log does not hold must be noticed, not skipped', 'auto.offset.reset'),
  ...reasons('records of aborted transactions must not be read', 'isolation.level'),
  ...reasons(
    'a group reads all of its partitions itself, under the name of its projection or process',
    `group.id group.instance.id group.protocol group.protocol.type group.remote.assignor partition.assignment.strategy
     share.acknowledgement.mode max.poll.records`,
  ),
  ...reasons('the end of a partition would be reported as an error', 'enable.partition.eof'),
  ...reasons('a damaged record must be noticed', 'check.crcs'),
  ...reasons('the relay creates topics as declared', 'allow.auto.create.topics topic.blacklist'),
  ...reasons(
    "the reasons of failing connections are taken from the client's log",
    'log_level log.queue enabled_events',
  ),
  ...reasons('it would load code into the program', 'plugin.library.paths ssl.engine.location ssl.engine.id'),
  ...reasons('it identifies the client to brokers', 'builtin.features'),
  ...reasons('its value is not a text', 'interceptors opaque default_topic_conf internal.termination.signal'),
  ...reasons(
    "it would send secrets and events to any server that responds; set KAFKA_SSL_CA_LOCATION to the brokers' certificate authority",
    'enable.ssl.certificate.verification',
  ),
]);

/** Returns why a setting can't be set; undefined if it can. */
export const refusalOf = (name: string): string | undefined => {
  const reason = refusals.get(name);
  if (reason !== undefined) return reason;
  // Pointers and functions of the C library.
  return /_(cb|cmp|data)$|^ssl_|\.verify_cb$/.test(name) ? 'its value is code, not a text' : undefined;
};
