/**
 * The only thread that writes the views' file: it parses, decodes, folds and commits, so that neither the API's event loop
 * nor the Kafka client waits for that. It is started by client.ts, never imported.
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { catalogOf, type Catalog } from '../../../domain/kernel/aggregate';
import type { Topic } from '../../../domain/kernel/topic';
import { systemClock } from '../../../infra/clock';
import { freezesInputs } from '../../../infra/configuration';
import { watchFile } from '../../../infra/running/restart-on-replaced-file';
import { openEventFeed } from '../../../infra/sqlite/event-feed';
import { openLeasedDatabase } from '../../../infra/sqlite/leased-database';
import { loadApplication } from '../definitions/definitions';
import { withFrozenInputs } from '../../frozen-application';
import type { Projection } from '../../projection';
import type { ViewsOperations } from './operations';
import type { Message, Request, ViewsThreadData } from './messages';
import { postedError } from './posted-errors';
import { viewsMigrations } from '../generations/generations';
import { viewsWriter } from './group-operations';
import { viewsFile } from '../store/store';

const run = async (port: MessagePort, data: ViewsThreadData): Promise<void> => {
  const post = (message: Message): void => port.postMessage(message);
  const waiting = new AbortController();
  let operations: ViewsOperations | undefined;
  port.on('message', (request: Request) => {
    if (request === 'give-up') waiting.abort();
    else if (operations !== undefined) take(operations, request, port);
    else post({ _tag: 'Failure', id: request.id, error: postedError(new Error('the views are not open yet')) });
  });
  try {
    operations = await open(data, waiting.signal, post);
    post({ _tag: 'Opened' });
    // The lease may have been acquired while the main thread gave up.
    if (!waiting.signal.aborted) return;
    await operations.close({});
  } catch (error) {
    if (!waiting.signal.aborted) post({ _tag: 'Broken', error: postedError(error) });
  }
  endWith(port);
};

/** Aborted when the thread ends; until then the file is watched for replacement. */
const closing = new AbortController();

const endWith = (port: MessagePort): void => {
  closing.abort();
  port.close();
};

const open = async (
  data: ViewsThreadData,
  signal: AbortSignal,
  post: (message: Message) => void,
): Promise<ViewsOperations> => {
  const { catalog, projections } = await loadDefinitions(data);
  const leased = await openLeasedDatabase({
    file: data.viewsFile,
    // NORMAL: a power cut reverts rows and checkpoints together, and the same records are delivered again.
    synchronous: 'NORMAL',
    migrations: viewsMigrations,
    clock: systemClock,
    ttlMs: data.leaseTtlMs,
    signal,
    // Nothing else runs in this thread, so it may block while it waits for the lock.
    busyTimeoutMs: 5_000,
    onWaiting: (owner) => post({ _tag: 'Waiting', owner }),
    onFault: (reason) => post({ _tag: 'Fault', reason }),
    onLost: (error) => post({ _tag: 'Broken', error: postedError(error) }),
  });
  watchFile(leased.lease, { clock: systemClock, stopping: closing.signal }).catch((error: unknown) => {
    post({ _tag: 'Broken', error: postedError(error) });
  });
  const openStore = () => openEventFeed(data.storeFile);
  const file = viewsFile(leased, projections, systemClock);
  return viewsWriter({ file, catalog, projections, clock: systemClock, openStore });
};

interface Definitions {
  readonly catalog: Catalog;
  readonly projections: ReadonlyArray<Projection>;
}

/** Loads the application, and checks that its projections are those of the main thread. */
const loadDefinitions = async ({ applicationFile, topics, projections }: ViewsThreadData): Promise<Definitions> => {
  const loaded = await loadApplication(applicationFile);
  const application = freezesInputs() ? withFrozenInputs(loaded) : loaded;
  const found = application.projections.map(({ name, version }) => `${name} ${version}`);
  const expected = projections.map(({ name, version }) => `${name} ${version}`);
  if (found.join() !== expected.join()) {
    throw new Error(
      `${applicationFile} has the projections ${found.join(', ')}; the program has ${expected.join(', ')}`,
    );
  }
  return { catalog: withTopics(application.catalog, topics), projections: application.projections };
};

const withTopics = ({ aggregates }: Catalog, topics: Readonly<Record<string, Topic>>): Catalog =>
  catalogOf(aggregates.map((each) => ({ ...each, topic: topics[each.category] ?? each.topic })));

/** The calls in progress. */
const underWay = new Set<Promise<void>>();

/** Calls run concurrently while they wait for the store; `close` waits for all calls before it. */
const take = (operations: ViewsOperations, request: Exclude<Request, 'give-up'>, port: MessagePort): void => {
  const others = [...underWay];
  const answering = (request.name === 'close' ? Promise.all(others) : Promise.resolve())
    .then(() => answer(operations, request, port))
    .finally(() => underWay.delete(answering));
  underWay.add(answering);
};

const answer = async (
  operations: ViewsOperations,
  { id, name, input }: Exclude<Request, 'give-up'>,
  port: MessagePort,
): Promise<void> => {
  const post = (message: Message): void => port.postMessage(message);
  try {
    // The client is typed by the same names, so the input matches the operation.
    const output = await operations[name](input as never);
    post({ _tag: 'Answer', id, output });
  } catch (error) {
    post({ _tag: 'Failure', id, error: postedError(error) });
  }
  if (name === 'close') endWith(port);
};

// Without a parent port this file was not started as a thread, and there is nothing to do.
if (parentPort !== null) void run(parentPort, workerData as ViewsThreadData);
