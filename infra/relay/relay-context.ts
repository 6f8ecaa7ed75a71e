/** The options of the relay, and the context of one that holds the lease. */
import type { CloudEventsMode } from '../configuration';
import type { WatchedLog } from '../kafka/answer-watch';
import { cloudEventEncoder } from '../kafka/cloud-events';
import type { WriteVersions } from '../kafka/written-version';
import type { RoleOptions } from '../running/role-options';
import type { EventFeed } from '../event-store/event-feed';
import type { OpenEventFeed } from '../event-store/open-feed';
import type { Lease } from '../sqlite/lease';
import type { TopicCheckIntervals, TopicWatch } from '../kafka/topic-watch';
import type { RelayFile, RelayHoles } from './state/state';
import type { RelayMonitor } from './relay-monitor';
import type { RelayHeartbeats } from './relay-heartbeats';
import type { RecordSuspects } from './suspects';

export interface RelayOptions extends RoleOptions {
  /** The relay's own file. */
  readonly file: string;
  /** Opens the store for reading. */
  readonly outbox: OpenEventFeed;
  readonly cloudEventsMode: CloudEventsMode;
  /** Where consumers find the schemas that `dataschema` names. */
  readonly schemaBaseUrl: string;
  /** What `source` says; absent: `/tidemark/<store id>/<category>`. */
  readonly eventSource?: string | undefined;
  /** Events to be published in an older version, until consumers are ready. */
  readonly writeVersions?: WriteVersions;
  /** How often the settings of the topics are checked. */
  readonly topicChecks?: TopicCheckIntervals;
}

/** What the parts of a relay with a lease share. */
export interface RelayContext extends RelayOptions {
  readonly stopping: AbortSignal;
  /** Whether Kafka responds to this relay. */
  readonly answers: WatchedLog;
  readonly lease: Lease;
  readonly state: RelayFile;
  readonly holes: RelayHoles;
  readonly reader: EventFeed;
  readonly monitor: RelayMonitor;
  readonly suspects: RecordSuspects;
  readonly heartbeats: RelayHeartbeats;
  readonly watch: TopicWatch;
}

/** Encodes events as this relay publishes them, withheld ones as placeholders. */
export const relayEncoder = (relay: RelayContext) => {
  const { catalog, cloudEventsMode, schemaBaseUrl, eventSource, writeVersions, holes, reader } = relay;
  return cloudEventEncoder({
    catalog,
    mode: cloudEventsMode,
    schemaBaseUrl,
    storeId: reader.identity.storeId,
    eventSource,
    ...(writeVersions === undefined ? {} : { writeVersions }),
    withheldReason: holes.withheldReason,
  });
};
