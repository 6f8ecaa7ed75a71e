/** A consumer group: reads its topics from its checkpoints on and hands batches to its handler, until it is stopped. */
import type { Topic } from '../../../domain/kernel/topic';
import type { Clock } from '../../clock';
import type { EventLog } from '../../kafka/event-log';
import type { TopicCheckIntervals } from '../../kafka/topic-watch';
import type { Logger } from '../../logger';
import type { Running } from '../../running/role';
import type { GroupHandler } from './group-handler';
import type { GroupObserver } from './group-observer';
import type { StoreFit } from './store-fit';
import type { GroupStatus } from '../status/status';

export interface ConsumerGroupOptions {
  readonly log: EventLog;
  readonly handler: GroupHandler;
  /** The declarations of the handler's topics: the partition count that the keys were placed by. */
  readonly topics: ReadonlyArray<Topic>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Take on topics that are not the ones the checkpoints were made on. */
  readonly acceptNewLog: boolean;
  /** Why the group must not read on, looked at before it does and from time to time. */
  readonly storeFits?: StoreFit;
  /** The store's last position: how far a catch-up without Kafka goes. */
  readonly storeLastPosition: () => Promise<number>;
  /** Put before the name of the group's dead-letter topic. */
  readonly topicPrefix?: string;
  /** How often the settings of the topics are looked at. */
  readonly topicChecks?: TopicCheckIntervals;
  /** Told what the group does; left out: nobody counts. */
  readonly observer?: GroupObserver;
}

/** A group that runs: it stops at a batch boundary, with the consumer closed and the last status reported. */
export interface ConsumerGroup extends Running {
  readonly status: () => GroupStatus;
  /** Runs the work while the group stands at a batch boundary: nothing of it is applied meanwhile. */
  readonly pausedWhile: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

export type StartConsumerGroup = (options: ConsumerGroupOptions) => ConsumerGroup;
