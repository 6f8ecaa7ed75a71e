/** A consumer group: reads its topics from its checkpoints on and passes batches to its handler until it is stopped. */
import type { Topic } from '../../../domain/kernel/topic';
import type { Clock } from '../../clock';
import type { EventLog } from '../../kafka/event-log';
import type { TopicCheckIntervals } from '../../kafka/topic-watch';
import type { Logger } from '../../logger';
import type { Running } from '../../running/role';
import type { GroupHandler } from './group-handler';
import type { GroupObserver } from '../status/status';
import type { StoreFit } from './store-fit';
import type { GroupStatus } from '../status/status';

export interface ConsumerGroupOptions {
  readonly log: EventLog;
  readonly handler: GroupHandler;
  /** The declarations of the handler's topics: the partition count that the keys were placed by. */
  readonly topics: ReadonlyArray<Topic>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Accept topics other than the ones that the checkpoints were made on. */
  readonly acceptNewLog: boolean;
  /** Why the group must not read on; checked before it starts reading and from time to time. */
  readonly storeFits?: StoreFit;
  /** The store's last position: how far a catch-up without Kafka goes. */
  readonly storeLastPosition: () => Promise<number>;
  /** Prefix of the name of the group's dead-letter topic. */
  readonly topicPrefix?: string;
  /** The topic of the relay's heartbeats; absent where there are none. */
  readonly heartbeatTopic?: string | undefined;
  /** How often the settings of the topics are checked. */
  readonly topicChecks?: TopicCheckIntervals;
  /** Receives what the group does, for metrics. */
  readonly observer?: GroupObserver;
}

/** A running group. It stops at a batch boundary, with the consumer closed and the last status reported. */
export interface ConsumerGroup extends Running {
  readonly status: () => GroupStatus;
  /** Runs the work while the group pauses at a batch boundary: no event is applied meanwhile. */
  readonly pausedWhile: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

export type StartConsumerGroup = (options: ConsumerGroupOptions) => ConsumerGroup;
