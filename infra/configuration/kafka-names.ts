/** The settings of librdkafka, and the names of their variables. A test compares the list with the client's own. */

/** Which clients have a setting: all, producers, or consumers. */
export type SettingTaker = 'all' | 'producer' | 'consumer';

export interface KnownSetting {
  readonly name: string;
  /** The canonical name, which differs for an alias. */
  readonly canonical: string;
  readonly taker: SettingTaker;
}

/** `<name>=<other>`: an alias of the other one. */
const ALL = `
  builtin.features client.id metadata.broker.list bootstrap.servers=metadata.broker.list message.max.bytes
  message.copy.max.bytes receive.message.max.bytes max.in.flight.requests.per.connection
  max.in.flight=max.in.flight.requests.per.connection metadata.recovery.strategy metadata.recovery.rebootstrap.trigger.ms
  topic.metadata.refresh.interval.ms metadata.max.age.ms topic.metadata.refresh.fast.interval.ms
  topic.metadata.refresh.fast.cnt topic.metadata.refresh.sparse topic.metadata.propagation.max.ms topic.blacklist debug
  socket.timeout.ms socket.blocking.max.ms socket.send.buffer.bytes socket.receive.buffer.bytes socket.keepalive.enable
  socket.nagle.disable socket.max.fails broker.address.ttl broker.address.family socket.connection.setup.timeout.ms
  connections.max.idle.ms reconnect.backoff.jitter.ms reconnect.backoff.ms reconnect.backoff.max.ms statistics.interval.ms
  enabled_events error_cb throttle_cb stats_cb log_cb log_level log.queue log.thread.name enable.random.seed
  log.connection.close background_event_cb socket_cb connect_cb closesocket_cb open_cb resolve_cb opaque
  default_topic_conf internal.termination.signal api.version.request api.version.request.timeout.ms
  api.version.fallback.ms broker.version.fallback allow.auto.create.topics security.protocol ssl.cipher.suites
  ssl.curves.list ssl.sigalgs.list ssl.key.location ssl.key.password ssl.key.pem ssl_key ssl.certificate.location
  ssl.certificate.pem ssl_certificate ssl.ca.location https.ca.location https.ca.pem ssl.ca.pem ssl_ca
  ssl.ca.certificate.stores ssl.crl.location ssl.keystore.location ssl.keystore.password ssl.providers ssl.engine.location
  ssl.engine.id ssl_engine_callback_data enable.ssl.certificate.verification ssl.endpoint.identification.algorithm
  ssl.certificate.verify_cb sasl.mechanisms sasl.mechanism=sasl.mechanisms sasl.kerberos.service.name
  sasl.kerberos.principal sasl.kerberos.kinit.cmd sasl.kerberos.keytab sasl.kerberos.min.time.before.relogin sasl.username
  sasl.password sasl.oauthbearer.config enable.sasl.oauthbearer.unsecure.jwt oauthbearer_token_refresh_cb
  sasl.oauthbearer.method sasl.oauthbearer.client.id
  sasl.oauthbearer.client.credentials.client.id=sasl.oauthbearer.client.id
  sasl.oauthbearer.client.credentials.client.secret=sasl.oauthbearer.client.secret sasl.oauthbearer.client.secret
  sasl.oauthbearer.scope sasl.oauthbearer.extensions sasl.oauthbearer.token.endpoint.url sasl.oauthbearer.sub.claim.name
  sasl.oauthbearer.grant.type sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.private.key.file
  sasl.oauthbearer.assertion.private.key.passphrase sasl.oauthbearer.assertion.private.key.pem
  sasl.oauthbearer.assertion.file sasl.oauthbearer.assertion.claim.aud sasl.oauthbearer.assertion.claim.exp.seconds
  sasl.oauthbearer.assertion.claim.iss sasl.oauthbearer.assertion.claim.jti.include
  sasl.oauthbearer.assertion.claim.nbf.seconds sasl.oauthbearer.assertion.claim.sub
  sasl.oauthbearer.assertion.jwt.template.file sasl.oauthbearer.metadata.authentication.type plugin.library.paths
  interceptors client.rack retry.backoff.ms retry.backoff.max.ms client.dns.lookup enable.metrics.push event_cb
`;

const PRODUCER = `
  transactional.id transaction.timeout.ms enable.idempotence enable.gapless.guarantee queue.buffering.max.messages
  queue.buffering.max.kbytes queue.buffering.max.ms linger.ms=queue.buffering.max.ms message.send.max.retries
  retries=message.send.max.retries queue.buffering.backpressure.threshold compression.codec
  compression.type=compression.codec batch.num.messages batch.size delivery.report.only.error dr_cb dr_msg_cb
  sticky.partitioning.linger.ms request.required.acks acks=request.required.acks request.timeout.ms message.timeout.ms
  delivery.timeout.ms=message.timeout.ms queuing.strategy produce.offset.report partitioner partitioner_cb msg_order_cmp
  compression.level
`;

const CONSUMER = `
  group.id group.instance.id partition.assignment.strategy session.timeout.ms heartbeat.interval.ms group.protocol.type
  group.protocol group.remote.assignor coordinator.query.interval.ms max.poll.interval.ms enable.auto.commit
  auto.commit.interval.ms enable.auto.offset.store queued.min.messages queued.max.messages.kbytes fetch.wait.max.ms
  fetch.queue.backoff.ms fetch.message.max.bytes max.partition.fetch.bytes=fetch.message.max.bytes fetch.max.bytes
  fetch.min.bytes fetch.error.backoff.ms offset.store.method isolation.level consume_cb rebalance_cb offset_commit_cb
  enable.partition.eof check.crcs max.poll.records share.acknowledgement.mode auto.commit.enable auto.offset.reset
  offset.store.path offset.store.sync.interval.ms consume.callback.max.messages
`;

const parseList = (list: string, taker: SettingTaker): ReadonlyArray<KnownSetting> =>
  list
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [name = '', canonical = name] = entry.split('=');
      return { name, canonical, taker };
    });

const known: ReadonlyArray<KnownSetting> = [
  ...parseList(ALL, 'all'),
  ...parseList(PRODUCER, 'producer'),
  ...parseList(CONSUMER, 'consumer'),
];

/** The names of all settings. */
export const settingNames: ReadonlyArray<string> = known.map(({ name }) => name);

/** The variable of a setting: `socket.timeout.ms` is `KAFKA_SOCKET_TIMEOUT_MS`. */
export const variableOf = (name: string): string => `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`;

const byName = new Map(known.map((setting) => [setting.name, setting]));
const byVariable = new Map(known.map((setting) => [variableOf(setting.name), setting]));

/** Returns the setting with this name. */
export const findSetting = (name: string): KnownSetting | undefined => byName.get(name);

/** Returns the setting with this variable. */
export const settingOfVariable = (variable: string): KnownSetting | undefined => byVariable.get(variable);

/** Returns the canonical name of a setting; an unknown name is returned unchanged. */
export const canonicalName = (name: string): string => byName.get(name)?.canonical ?? name;

/** Returns the candidate nearest to a word, if it is near enough for a suggestion. */
export const nearest = (word: string, candidates: ReadonlyArray<string>): string | undefined => {
  let best: string | undefined;
  // At most a third of the letters may differ; otherwise a suggestion only confuses.
  let bestDistance = Math.floor(word.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
};

/** The number of insertions, deletions and substitutions. */
const editDistance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let line = 1; line <= from.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= to.length; column += 1) {
      const change = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(change, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
};
