/** Settings of the Kafka client that would break what the engine promises, each with the promise. */

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
    'an event is tried until it is delivered: one that was given up would leave a gap',
    'message.timeout.ms delivery.timeout.ms retries message.send.max.retries',
  ),
  ...reasons(
    'nothing is written in transactions, and a gap in the offsets is loss',
    'transactional.id transaction.timeout.ms',
  ),
  ...reasons(
    "the engine places events itself, as Kafka's own clients do (murmur2), and keeps their order",
    'partitioner queuing.strategy sticky.partitioning.linger.ms',
  ),
  ...reasons(
    'the relay counts on every delivery report',
    'delivery.report.only.error dr_cb dr_msg_cb produce.offset.report',
  ),
  ...reasons('an event is measured before it is stored, against what a record may hold', 'message.max.bytes'),
  ...reasons(
    'offsets are kept beside the rows they belong to, and committed with them',
    `enable.auto.commit auto.commit.enable auto.commit.interval.ms enable.auto.offset.store offset.store.method
     offset.store.path offset.store.sync.interval.ms`,
  ),
  ...reasons('an offset that the log does not hold has to be noticed, not passed by', 'auto.offset.reset'),
  ...reasons('what was aborted never happened', 'isolation.level'),
  ...reasons(
    'a group reads all of its partitions itself, under the name of its projection or process',
    `group.id group.instance.id group.protocol group.protocol.type group.remote.assignor partition.assignment.strategy
     share.acknowledgement.mode max.poll.records`,
  ),
  ...reasons('the end of a partition would arrive as a failure', 'enable.partition.eof'),
  ...reasons('a damaged record has to be noticed', 'check.crcs'),
  ...reasons('topics are made by the relay, as they are declared', 'allow.auto.create.topics topic.blacklist'),
  ...reasons(
    'the reasons of failing connections are read from what the client logs',
    'log_level log.queue enabled_events',
  ),
  ...reasons('it would load code into the program', 'plugin.library.paths ssl.engine.location ssl.engine.id'),
  ...reasons('it is how the client names itself to brokers and its build', 'builtin.features'),
  ...reasons(
    'it is not a text that a variable could hold',
    'interceptors opaque default_topic_conf internal.termination.signal',
  ),
  ...reasons(
    'it would send the secrets and events to whoever answers; name the authority of the brokers in KAFKA_SSL_CA_LOCATION',
    'enable.ssl.certificate.verification',
  ),
]);

/** Why a setting can't be set; undefined where it can. */
export const refusalOf = (name: string): string | undefined => {
  const reason = refusals.get(name);
  if (reason !== undefined) return reason;
  // Pointers and functions of the C library.
  return /_(cb|cmp|data)$|^ssl_|\.verify_cb$/.test(name)
    ? 'it is code, not a text that a variable could hold'
    : undefined;
};
