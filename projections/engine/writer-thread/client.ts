/** The main thread's side of the writer thread: starts it, calls it (one asynchronous method for each operation), and ends it. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { deferred } from '../../../infra/running/deferred';
import type { InputOf, Message, OperationName, OutputOf, Request, ViewsThreadData } from './messages';
import { postedError, revivedError } from './posted-errors';

/** The thread's operations as the rest of the program calls them; buffers in `transfer` are transferred and no longer usable by the caller. */
export type ViewsClient = {
  readonly [Name in OperationName]: (
    input: InputOf<Name>,
    transfer?: ReadonlyArray<ArrayBuffer>,
  ) => Promise<OutputOf<Name>>;
};

/** Sends one call to the thread that runs the operations. */
export type SendCall = <Name extends OperationName>(
  name: Name,
  input: InputOf<Name>,
  transfer?: ReadonlyArray<ArrayBuffer>,
) => Promise<OutputOf<Name>>;

/** Makes a client: each method sends a call with the method's name. */
export const viewsClient = (send: SendCall): ViewsClient =>
  new Proxy({} as ViewsClient, {
    get: (_client, name) =>
      // A client must not look like a promise when it is awaited.
      typeof name !== 'string' || name === 'then'
        ? undefined
        : // The type allows only names of operations.
          (input: InputOf<OperationName>, transfer?: ReadonlyArray<ArrayBuffer>) =>
            send(name as OperationName, input, transfer),
  });

/** Forwards calls to a client, for wrappers of it. */
export const sendTo =
  (client: ViewsClient): SendCall =>
  (name, input, transfer) =>
    client[name](input, transfer);

export interface ViewsWorker {
  readonly client: ViewsClient;
  /** Resolves once this process holds the file's lease; never if `close` is called first. */
  readonly opened: Promise<void>;
  /** Resolves after `close`; rejects when the thread failed, or lost the file's lease to another process. */
  readonly done: Promise<void>;
  /** Ends the thread with the file closed, whatever it is doing. */
  readonly close: () => Promise<void>;
}

export interface ViewsWorkerOptions extends ViewsThreadData {
  /** Called once when another process holds the file. */
  readonly onWaiting: (owner: string) => void;
  /** Called when the file cannot be opened for a transient reason; it is retried. */
  readonly onFault?: (reason: string) => void;
}

const THREAD = join(__dirname, 'thread.js');
/** A thread that does not end by itself is terminated; uncommitted work is repeated after a restart. */
const END_TIMEOUT_MS = 5_000;

interface Caller {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Records are short-lived: a large young generation would waste memory. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 16 };

const settle = (
  callers: Map<number, Caller>,
  message: Extract<Message, { readonly _tag: 'Answer' | 'Failure' }>,
): void => {
  const caller = callers.get(message.id);
  callers.delete(message.id);
  if (message._tag === 'Answer') caller?.resolve(message.output);
  else caller?.reject(revivedError(message.error));
};

/** Starts the thread. */
export const startViewsWorker = ({ onWaiting, onFault, ...data }: ViewsWorkerOptions): ViewsWorker => {
  const worker = new Worker(THREAD, { workerData: data, resourceLimits: RESOURCE_LIMITS });
  const callers = new Map<number, Caller>();
  let calls = 0;
  let state: 'opening' | 'open' | 'closing' | 'ended' = 'opening';
  let failure: Error | undefined;

  const opened = deferred();
  const done = deferred();
  const exited = deferred();

  const failAll = (error: Error): void => {
    for (const { reject } of callers.values()) reject(error);
    callers.clear();
  };
  const breakDown = (error: Error): void => {
    failure ??= error;
    failAll(failure);
    opened.reject(failure);
    done.reject(failure);
  };

  worker.on('message', (message: Message) => {
    switch (message._tag) {
      case 'Opened':
        if (state === 'opening') state = 'open';
        opened.resolve();
        return;
      case 'Waiting':
        onWaiting(message.owner);
        return;
      case 'Fault':
        onFault?.(message.reason);
        return;
      case 'Broken':
        breakDown(revivedError(message.error));
        return;
      case 'Answer':
      case 'Failure':
        settle(callers, message);
    }
  });
  // A definition may have thrown anything.
  worker.on('error', (thrown: unknown) => breakDown(revivedError(postedError(thrown))));
  worker.on('exit', () => {
    if (state !== 'closing') breakDown(failure ?? new Error('the thread that writes the views has ended'));
    state = 'ended';
    failAll(failure ?? new Error('the thread that writes the views was closed'));
    done.resolve();
    exited.resolve();
  });

  const post = (request: Request, transfer: ReadonlyArray<ArrayBuffer> = []): void =>
    worker.postMessage(request, [...transfer]);

  const send: SendCall = (name, input, transfer) =>
    new Promise((resolve, reject) => {
      if (failure !== undefined || state === 'ended') {
        reject(failure ?? new Error('the thread that writes the views was closed'));
        return;
      }
      calls += 1;
      // The thread answers a call with the output of that operation.
      callers.set(calls, { resolve: resolve as (output: unknown) => void, reject });
      post({ id: calls, name, input }, transfer);
    });

  const close = async (): Promise<void> => {
    if (state === 'opening') post('give-up');
    // No response is awaited but the thread's exit. A failed thread is asked too, because it may still hold the file open.
    if (state === 'open') post({ id: 0, name: 'close', input: {} });
    if (state !== 'ended') state = 'closing';
    const late = setTimeout(() => void worker.terminate(), END_TIMEOUT_MS);
    await exited.promise;
    clearTimeout(late);
  };

  return { client: viewsClient(send), opened: opened.promise, done: done.promise, close };
};
