/** The senders of the role: one for the commands of all process managers, and one for each effect. */
import type { EventFeed } from '../event-store/event-feed';
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Clock } from '../clock';
import type { Logger } from '../logger';
import type { Tracer } from '../tracing/tracer';
import { commandClient, type ApiAddress } from './command-client';
import { commandSender, type CommandSender } from './command-sender';
import { noEffects, type EffectOptions } from './effects/effects';
import type { Process, ProcessStore, ReactorsFile } from './processes/processes';
import { runningEffect, type RunningEffect } from './running-effect';
import { senderRecord } from './sender-record';
import { tracedPost } from './traced-post';

export interface Senders {
  readonly of: (process: Process) => CommandSender;
  readonly effects: ReadonlyArray<RunningEffect>;
  /** Stops all of them. */
  readonly stop: () => Promise<void>;
  /** Rejects when this process may no longer write outcomes. */
  readonly failed: Promise<never>;
  /** Why outcomes can't be written for now; null where they can be. */
  readonly fault: () => string | null;
}

export interface SendersOptions {
  readonly api: ApiAddress;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly effects?: EffectOptions;
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer;
  readonly file: ReactorsFile;
  readonly processStore: ProcessStore;
  readonly reader: Pick<EventFeed, 'reactorToken'>;
}

/** Upper limit on commands of all process managers that are sent at the same time. */
const CONCURRENT_COMMANDS = 32;
/** Upper limit on pending commands before process managers have to wait. */
const BACKLOG_COMMANDS = 2_000;

/** Starts the senders. */
export const makeSenders = (options: SendersOptions): Senders => {
  const { file, processStore, reader, api, catalog, clock, logger, effects: declared = noEffects, tracer } = options;
  let fault: string | null = null;
  const { write, setAside, effects } = file;
  const record = senderRecord({
    write,
    processStore,
    setAside,
    results: effects.results,
    logger,
    onFault: (reason) => (fault = reason),
  });
  const untraced = commandClient({ ...api, reactorToken: reader.reactorToken }, catalog, clock);
  const post = tracedPost(untraced, tracer, ({ category, type }) => `POST ${category}/${type}`);
  const ofManagers = commandSender({
    post,
    record,
    clock,
    concurrency: CONCURRENT_COMMANDS,
    backlogLimit: BACKLOG_COMMANDS,
  });
  const running = declared.effects.map((effect) =>
    runningEffect({
      effect,
      settings: declared.settingsOf(effect),
      isDryRun: declared.isDryRun(effect.name),
      observe: declared.observe,
      record,
      postToApi: post,
      clock,
      logger,
      tracer,
    }),
  );
  const byName = new Map(running.map((each) => [each.effect.name, each]));
  const all = [ofManagers, ...running.map(({ sender }) => sender)];
  return {
    of: ({ name }) => byName.get(name)?.sender ?? ofManagers,
    effects: running,
    stop: async () => {
      await Promise.all(all.map((sender) => sender.stop()));
    },
    failed: Promise.race(all.map(({ failed }) => failed)),
    fault: () => (fault === null ? null : `the outcomes of commands cannot be written: ${fault}`),
  };
};
