/** Digests of the events that each rebuild has applied, updated in the same transactions as its checkpoints. */
import type { Checkpoints } from '../../../infra/consumption/checkpoints/checkpoints';
import {
  addDigest,
  addIdentity,
  emptyDigest,
  type IdentityDigest,
  type ReceivedEvents,
} from '../../../infra/consumption/intake/intake';
import type { Database, Migration } from '../../../infra/sqlite/database';
import type { TopicPartition } from '../../../infra/topic-partition';

/** A migration for a file that has checkpoints. */
export const receivedEventsMigration: Migration = {
  name: 'events taken in',
  sql: `CREATE TABLE taken_in (
          consumer TEXT NOT NULL,
          topic TEXT NOT NULL,
          "partition" INTEGER NOT NULL,
          events INTEGER NOT NULL,
          -- The two sums of an IdentityDigest.
          high INTEGER NOT NULL,
          low INTEGER NOT NULL,
          PRIMARY KEY (consumer, topic, "partition")
        ) STRICT, WITHOUT ROWID;`,
};

/** The digest of one partition. */
export interface PartitionDigest extends TopicPartition, Readonly<IdentityDigest> {}

/** Call everything that writes inside a transaction. */
export interface ReceivedEventRows {
  readonly read: (consumer: string) => ReadonlyArray<PartitionDigest>;
  readonly of: (consumer: string) => ReceivedEvents;
  readonly remove: (consumer: string) => void;
}

/** Prepares the statements on a file that has {@link receivedEventsMigration}. */
export const receivedEventRows = (database: Database): ReceivedEventRows => {
  const read = database.prepare<[string], PartitionDigest>(
    'SELECT topic, "partition", events, high, low FROM taken_in WHERE consumer = ? ORDER BY topic, "partition"',
  );
  const find = database.prepare<[string, string, number], IdentityDigest>(
    'SELECT events, high, low FROM taken_in WHERE consumer = ? AND topic = ? AND "partition" = ?',
  );
  const write = database.prepare<[string, string, number, number, number, number]>(
    `INSERT INTO taken_in VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET events = excluded.events, high = excluded.high, low = excluded.low`,
  );
  const remove = database.prepare<[string]>('DELETE FROM taken_in WHERE consumer = ?');
  return {
    read: (consumer) => read.all(consumer),
    of: (consumer) => {
      const noted = digestsByPlace();
      return {
        begin: noted.clear,
        note: noted.add,
        save: () => {
          for (const { topic, partition, ...digest } of noted.all()) {
            const sum = find.get(consumer, topic, partition) ?? emptyDigest();
            addDigest(sum, digest);
            write.run(consumer, topic, partition, sum.events, sum.high, sum.low);
          }
          noted.clear();
        },
      };
    },
    remove: (consumer) => void remove.run(consumer),
  };
};

/** Whether the digests cover everything that a consumer has applied; not so where an older program ran it. */
export const isNoted = (database: Database, consumer: string): boolean =>
  database
    .prepare<[string, string], number>(
      `SELECT EXISTS (SELECT 1 FROM taken_in WHERE consumer = ?)
           OR NOT EXISTS (SELECT 1 FROM checkpoints WHERE consumer = ? AND high_water_position > 0)`,
    )
    .pluck()
    .get(consumer, consumer) === 1;

/** Checkpoints whose removal also removes the consumer's digests. */
export const withReceivedEvents = (checkpoints: Checkpoints, rows: Pick<ReceivedEventRows, 'remove'>): Checkpoints => ({
  ...checkpoints,
  remove: (consumer) => {
    checkpoints.remove(consumer);
    rows.remove(consumer);
  },
});

/** Digests in memory, one for each partition that had an event. */
export const digestsByPlace = () => {
  const digests = new Map<string, Map<number, IdentityDigest>>();
  return {
    add: ({ topic, partition }: TopicPartition, event: Parameters<ReceivedEvents['note']>[1]) => {
      let ofTopic = digests.get(topic);
      if (ofTopic === undefined) digests.set(topic, (ofTopic = new Map<number, IdentityDigest>()));
      let digest = ofTopic.get(partition);
      if (digest === undefined) ofTopic.set(partition, (digest = emptyDigest()));
      addIdentity(digest, event);
    },
    clear: (): void => digests.clear(),
    all: (): ReadonlyArray<PartitionDigest> =>
      [...digests].flatMap(([topic, ofTopic]) =>
        [...ofTopic].map(([partition, digest]) => ({ topic, partition, ...digest })),
      ),
  };
};
