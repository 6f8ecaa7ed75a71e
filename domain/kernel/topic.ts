/** A topic as a design decision: a boundary of event type and retention, and the answer to what needs order. */
export interface Topic {
  /** The name in Kafka, plural. */
  readonly name: string;
  /** How many partitions: the concurrency that consumers can have. Changing it moves keys, so it is refused at start. */
  readonly partitions: number;
  /** How long Kafka keeps the records, in milliseconds; `forever` makes the log rebuildable from offset zero. */
  readonly retention: 'forever' | { readonly ms: number };
  readonly key: PartitionKey;
  /**
   * The topics that this one took over from, newest first: another number of partitions needs another topic, or keys
   * would move within one. What a group has applied from an earlier one it does not apply again from this one.
   */
  readonly earlier?: ReadonlyArray<{ readonly name: string; readonly partitions: number }>;
}

/** What the partition key is, and why. The contract check refuses a catalog that leaves one of the answers out. */
export interface PartitionKey {
  readonly is: string;
  /** What needs order, and what does not. */
  readonly because: string;
  /** How many consumers can share the topic, and what for. */
  readonly concurrency?: string;
  /** Whether some keys will weigh more than others, and what then. */
  readonly skew?: string;
}
