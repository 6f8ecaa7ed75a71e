/** What the embedded broker's process and the one that started it say to each other. */

/** Makes a topic, or finds it made. */
export interface BrokerQuestion {
  readonly topic: string;
}

export type BrokerAnswer =
  | { readonly _tag: 'Started'; readonly servers: string }
  | { readonly _tag: 'NotStarted'; readonly reason: string }
  | {
      readonly _tag: 'TopicMade';
      readonly topic: string;
      readonly partitions: number;
      /** Null where it was made. */
      readonly reason: string | null;
    };
