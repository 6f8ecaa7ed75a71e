/** The consumer groups of the projections: one each, started individually, stopped together. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import {
  type ConsumerGroup,
  type ConsumerGroupOptions,
  startConsumerGroup,
} from '../../../infra/consumption/loop/loop';
import { deferred } from '../../../infra/running/deferred';
import { processSpans } from '../../../infra/tracing/process-spans';
import { noTracer, type Tracer } from '../../../infra/tracing/tracer';
import type { Projection } from '../../projection';
import { projectionHandler } from './projection-handler';
import { topicsOf } from '../definitions/definitions';
import type { ViewsClient } from '../writer-thread/writer-thread';

/** The running groups, by the projection's name. */
export interface ProjectionGroups {
  readonly start: (projection: string) => void;
  /** Stops the projection's group, if it runs, for the duration of the work, and then restarts it from its checkpoints. */
  readonly stoppedWhile: <Result>(projection: string, work: () => Promise<Result>) => Promise<Result>;
  readonly isRunning: (projection: string) => boolean;
  /** Pauses the projection's group, if it runs, for the duration of the work. */
  readonly pausedWhile: <Result>(projection: string, work: () => Promise<Result>) => Promise<Result>;
  /** The names of the topics that the projection reads. */
  readonly topics: (projection: string) => ReadonlyArray<string>;
  /** Rejects when one of them has failed and cannot continue in this process. */
  readonly failed: Promise<never>;
  readonly stop: () => Promise<void>;
}

export interface GroupsOptions extends Omit<ConsumerGroupOptions, 'handler' | 'topics'> {
  readonly catalog: Catalog;
  readonly projections: ReadonlyArray<Projection>;
  readonly client: ViewsClient;
  /** Absent: no spans are made. */
  readonly tracer?: Tracer;
}

/** Prepares the groups; none is started yet. */
export const projectionGroups = ({
  catalog,
  projections,
  client,
  tracer = noTracer,
  ...options
}: GroupsOptions): ProjectionGroups => {
  const running = new Map<string, ConsumerGroup>();
  const failed = deferred<never>();
  const topics = (name: string) =>
    projections.filter((each) => each.name === name).flatMap((each) => topicsOf(catalog, each));
  const start = (name: string): void => {
    if (running.has(name)) return;
    const projection = projections.find((each) => each.name === name) ?? { name };
    const untraced = projectionHandler(client, projection, topics(name));
    const handler = { ...untraced, apply: processSpans(tracer, name).around(untraced.apply) };
    const group = startConsumerGroup({ ...options, handler, topics: topics(name) });
    running.set(name, group);
    group.done.catch(failed.reject);
  };
  return {
    start,
    stoppedWhile: async (name, work) => {
      const group = running.get(name);
      if (group === undefined) return work();
      await group.stop();
      running.delete(name);
      try {
        return await work();
      } finally {
        start(name);
      }
    },
    isRunning: (name) => running.has(name),
    pausedWhile: (name, work) => running.get(name)?.pausedWhile(work) ?? work(),
    topics: (name) => topics(name).map((topic) => topic.name),
    failed: failed.promise,
    stop: async () => {
      await Promise.all([...running.values()].map((group) => group.stop()));
    },
  };
};
