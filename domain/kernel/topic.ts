/** A topic as a design decision: a boundary of event type and retention, and the answer to what needs order. */
export interface Topic {
  /** The name in Kafka, plural. */
  readonly name: string;
  /** How many partitions: the concurrency that consumers can have. Changing it moves keys, so it is refused at start. */
  readonly partitions: number;
  /** How long Kafka keeps the records, in milliseconds; `forever` makes the log rebuildable from offset zero. */
  readonly retention: 'forever' | { readonly ms: number };
  /** What the partition key is, and why: what needs order, how much concurrency it leaves, what skew to expect. */
  readonly key: { readonly is: string; readonly because: string };
}
