/** A topic as a design decision: which events share it, how long they are retained, and which of them stay in order. */
export interface Topic {
  /** The name in Kafka, plural. */
  readonly name: string;
  /** The number of partitions limits how many consumers can share the topic. Changing it would move keys, so the program refuses to start. */
  readonly partitions: number;
  /** How long Kafka keeps the records, in milliseconds; with `forever` projections can be rebuilt from offset zero. */
  readonly retention: 'forever' | { readonly ms: number };
  readonly key: PartitionKey;
  /**
   * The topics that this one replaces, newest first: changing the number of partitions requires a new topic, because keys
   * would move within the old one. A group does not apply again what it has already applied from an earlier topic.
   */
  readonly earlier?: ReadonlyArray<{ readonly name: string; readonly partitions: number }>;
}

/** What the partition key is, and why. */
export interface PartitionKey {
  readonly is: string;
  /** Which events must stay in order, and which need not. */
  readonly because: string;
  /** How many consumers can share the topic, and whether that is enough. */
  readonly concurrency: string;
  /** Whether some keys have far more events than others, and what follows from that. */
  readonly skew: string;
}
