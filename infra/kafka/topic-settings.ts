/** Settings of topics under which records vanish, or can't be written: pure rules over what the brokers hold. */
import type { Topic } from '../../domain/kernel/topic';
import type { TopicConfig } from './topic-configs';

/** A setting that is not as it has to be. */
export interface TopicFinding {
  readonly topic: string;
  readonly setting: string;
  readonly found: string;
  /** What the program declares, or needs. */
  readonly wanted: string;
  /** Records vanish under it: whoever writes or reads the topic must not go on. Otherwise it is only told. */
  readonly loses: boolean;
  /** What comes of it. */
  readonly means: string;
}

/** What the Kafka client sends at most (its `message.max.bytes`), and so the least that a topic must take. */
export const MAX_RECORD_BYTES = 1_000_000;
/** Records carry the time of their sending; one that has waited through an outage must still be taken. */
const MIN_RECORD_AGE_MS = 3_600_000;
/** Clocks differ. */
const MIN_CLOCK_SKEW_MS = 60_000;

interface Rule {
  readonly setting: string;
  /** Undefined where the value is fine. */
  readonly check: (found: string, topic: Topic) => Omit<TopicFinding, 'topic' | 'setting' | 'found'> | undefined;
}

const retentionOf = ({ retention }: Topic): number => (retention === 'forever' ? -1 : retention.ms);

const atLeast = (setting: string, least: number, means: string): Rule => ({
  setting,
  check: (found) => (Number(found) >= least ? undefined : { wanted: `at least ${least}`, loses: false, means }),
});

const rules: ReadonlyArray<Rule> = [
  {
    setting: 'cleanup.policy',
    // An empty policy deletes nothing at all.
    check: (found) =>
      found.split(',').some((policy) => policy.trim() === 'compact')
        ? { wanted: 'delete', loses: true, means: 'of each key only the last record stays, and all others vanish' }
        : undefined,
  },
  {
    setting: 'retention.ms',
    check: (found, topic) => {
      const [declared, held] = [retentionOf(topic), Number(found)];
      if (held === declared) return undefined;
      const isShorter = held !== -1 && (declared === -1 || held < declared);
      return isShorter
        ? { wanted: String(declared), loses: true, means: 'records vanish earlier than is declared' }
        : { wanted: String(declared), loses: false, means: 'records are kept for longer than is declared' };
    },
  },
  {
    setting: 'retention.bytes',
    check: (found) =>
      Number(found) === -1 ? undefined : { wanted: '-1', loses: true, means: 'records vanish by the size of the log' },
  },
  atLeast(
    'max.message.bytes',
    MAX_RECORD_BYTES,
    'a record that this program may send is refused, and everything behind it waits',
  ),
  {
    setting: 'unclean.leader.election.enable',
    check: (found) =>
      found === 'true'
        ? {
            wanted: 'false',
            loses: false,
            means: 'a replica that lacks acknowledged records may become the leader, and they are lost then',
          }
        : undefined,
  },
  atLeast(
    'message.timestamp.before.max.ms',
    MIN_RECORD_AGE_MS,
    'records that have waited through an outage are refused',
  ),
  atLeast('message.timestamp.after.max.ms', MIN_CLOCK_SKEW_MS, 'records are refused where clocks differ'),
];

/** Compares the settings with the declarations; a topic of which nothing is known has no findings. */
export const topicFindings = (
  declared: ReadonlyArray<Topic>,
  configs: ReadonlyMap<string, TopicConfig>,
): ReadonlyArray<TopicFinding> =>
  declared.flatMap((topic) => {
    const config = configs.get(topic.name);
    return rules.flatMap(({ setting, check }) => {
      const found = config?.get(setting);
      const finding = found === undefined ? undefined : check(found, topic);
      return found === undefined || finding === undefined ? [] : [{ topic: topic.name, setting, found, ...finding }];
    });
  });

/** Topics of dead letters are copies for others: what is wrong with them is told, and halts nobody. */
export const deadLetterFindings = (
  deadLetters: string,
  configs: ReadonlyMap<string, TopicConfig>,
): ReadonlyArray<TopicFinding> => {
  const topic = configs.get(deadLetters);
  if (topic === undefined) return [];
  const sizes = [...configs].map(([name, config]) =>
    name === deadLetters ? 0 : Number(config.get('max.message.bytes') ?? 0),
  );
  const least = Math.max(MAX_RECORD_BYTES, ...sizes);
  const size = Number(topic.get('max.message.bytes') ?? least);
  const policy = topic.get('cleanup.policy') ?? '';
  return [
    ...(policy.includes('compact')
      ? [
          {
            topic: deadLetters,
            setting: 'cleanup.policy',
            found: policy,
            wanted: 'delete',
            loses: false,
            means: 'of each key only the last dead letter stays',
          },
        ]
      : []),
    ...(size < least
      ? [
          {
            topic: deadLetters,
            setting: 'max.message.bytes',
            found: String(size),
            wanted: `at least ${least}`,
            loses: false,
            means: 'a record that its topic takes does not fit here when it fails',
          },
        ]
      : []),
  ];
};

/** For operators: what was found, what it means, and the command that sets it right. */
export const findingsText = (findings: ReadonlyArray<TopicFinding>, bootstrapServers: string): string => {
  const told = findings.map(
    ({ topic, setting, found, wanted, means }) =>
      `${topic}: ${setting} is ${found === '' ? 'empty' : found}, declared is ${wanted}: ${means}`,
  );
  return `${told.join('; ')}. Set it right: ${commandsFor(findings, bootstrapServers).join(' && ')}`;
};

/** One command for each topic. */
const commandsFor = (findings: ReadonlyArray<TopicFinding>, bootstrapServers: string): ReadonlyArray<string> =>
  [...new Set(findings.map(({ topic }) => topic))].map((topic) => {
    const settings = findings
      .filter((each) => each.topic === topic)
      .map(({ setting, wanted }) => `${setting}=${wanted.replace('at least ', '')}`);
    return (
      `kafka-configs.sh --bootstrap-server ${bootstrapServers} --alter --entity-type topics --entity-name ${topic} ` +
      `--add-config ${settings.join(',')}`
    );
  });
