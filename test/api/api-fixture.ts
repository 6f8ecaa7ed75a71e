/** The API over the real domain and command handler, a store in memory, and views that a test controls. */
import type { FastifyInstance, InjectOptions } from 'fastify';
import { buildApp } from '../../api/http/server/app';
import type { ApiDependencies } from '../../api/http/dependencies';
import { application } from '../../projections/fulfilment/application';
import { systemClock, type Clock } from '../../infra/clock';
import { commandHandler } from '../../infra/commands/command-handler';
import type { NewOperationRequest, OperationRequest } from '../../infra/commands/operation-requests';
import type { RelayStatus } from '../../infra/relay/state/state';
import { deadLetterDirectory } from '../../infra/dead-letters/query/all-files-reader';
import { inMemoryEventFeed } from '../../infra/memory/in-memory-event-feed';
import { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
import { silentLogger } from '../../infra/logger';
import { openMetrics } from '../../infra/metrics/registry';
import { answerContract, type AnswerContract } from '../support/answer-contract';
import { fakeViews, group, type FakeViews } from './fake-views';

const { catalog } = application;

export interface ApiFixture {
  readonly app: FastifyInstance;
  readonly views: FakeViews;
  readonly dependencies: ApiDependencies;
  /** What was logged as an error. */
  readonly logged: ReadonlyArray<Readonly<Record<string, unknown>>>;
  /** Posts JSON. */
  readonly post: (url: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly get: (url: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export const relayStatus: RelayStatus = {
  state: 'running',
  reason: null,
  cause: null,
  since: '2024-01-01T00:00:00.000Z',
  broker: 'embedded',
  cursor: 1,
  storePosition: 1,
  lagEvents: 0,
  lagSeconds: 0,
  published: 1,
  skipped: 0,
  failures: {},
  blocked: [],
  unroutable: [],
  topics: [],
  updatedAt: '2024-01-01T00:00:00.000Z',
};

const requestsInMemory = (
  clock: Clock,
): ApiDependencies['operationRequests'] & { readonly before: ApiDependencies['history']['requestsBefore'] } => {
  const requests: OperationRequest[] = [];
  const submit = (request: NewOperationRequest): OperationRequest => {
    const submitted = { ...request, id: requests.length + 1, requestedAt: new Date(clock.nowMs()).toISOString() };
    requests.push(submitted);
    return submitted;
  };
  return {
    before: async (id) => Promise.resolve(requests.filter((request) => request.id < id).reverse()),
    submitAll: async (all) => Promise.resolve(all.map(submit)),
    after: async (id, kinds) =>
      Promise.resolve(
        requests.filter((request) => request.id > id && (kinds === undefined || kinds.includes(request.kind))),
      ),
  };
};

/** What the reactors of the app's installation show. */
export const REACTOR_TOKEN = 'f'.repeat(64);

/** Builds an app; `overrides` stand in for single dependencies. */
export const apiFixture = (overrides: Partial<ApiDependencies> = {}): ApiFixture => {
  const clock = overrides.clock ?? systemClock;
  const memory = inMemoryEventStore({ clock });
  const store = overrides.store ?? memory;
  const requests = requestsInMemory(clock);
  const views = fakeViews();
  const logged: Readonly<Record<string, unknown>>[] = [];
  const dependencies: ApiDependencies = {
    catalog,
    store,
    handleCommand: commandHandler({ store, catalog, stateCacheSize: 100 }),
    views,
    explainRow: async () => Promise.resolve(undefined),
    relayStatus: async () => Promise.resolve(relayStatus),
    reactorGroups: () => [{ ...group, group: 'reactors' }],
    failures: deadLetterDirectory([
      { groups: ['order-summary', 'sales-by-day'], read: (otherwise) => otherwise },
      { groups: ['fulfilment'], read: (otherwise) => otherwise },
    ]),
    effects: () => [],
    effectResults: () => [],
    setAside: () => [],
    failedRequests: () => [],
    operationRequests: requests,
    history: { ...inMemoryEventFeed({ store: memory, storeId: 'fixture' }), requestsBefore: requests.before },
    readers: application.projections.map(({ name, handles }) => ({ kind: 'projection', name, handles })),
    reactorToken: () => REACTOR_TOKEN,
    apiKeys: [],
    rateLimitPerSecond: 0,
    bodyLimitBytes: 16_384,
    allowedHosts: [],
    clock,
    logger: {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (fields, message) => void logged.push({ ...fields, message }),
    },
    stages: async () => Promise.resolve(undefined),
    metrics: openMetrics(silentLogger),
    readiness: async () => Promise.resolve({ ready: true, checks: { store: 'open' } }),
    isShuttingDown: () => false,
    ...overrides,
  };
  const app = buildApp(dependencies);
  holdToDocument(app, dependencies);
  const answerOf = (response: Awaited<ReturnType<typeof app.inject>>): Answer => ({
    status: response.statusCode,
    headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
    body: response.body.startsWith('{') ? response.json<Answer['body']>() : {},
    text: response.body,
  });
  return {
    app,
    views,
    dependencies,
    logged,
    get: async (url, headers = {}) => answerOf(await app.inject({ method: 'GET', url, headers })),
    post: async (url, body, headers = {}) =>
      answerOf(
        await app.inject({
          method: 'POST',
          url,
          headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
          ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      ),
  };
};

/** Every answer that a test gets from the app is what the document of such an app says, or the test fails. */
const holdToDocument = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const inject = app.inject.bind(app);
  app.inject = (async (request: InjectOptions) => {
    const { method = 'GET', url } = request;
    const response = await inject(request);
    const contract = await contractOf(dependencies);
    const { statusCode: status, headers, body: text } = response;
    const contentType = headers['content-type']?.toString();
    const complaints = contract.complaints(method, typeof url === 'string' ? url : '', { status, contentType, text });
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
    return response;
    // The tests use no other form of it.
  }) as unknown as typeof app.inject;
};

/** One for all fixtures of the same catalog and views: it takes a moment to make. */
const contracts = new Map<string, Promise<AnswerContract>>();

const contractOf = async (dependencies: ApiDependencies): Promise<AnswerContract> => {
  const { aggregates } = dependencies.catalog;
  const key = JSON.stringify([aggregates.map(({ path }) => path), dependencies.views.views]);
  const known = contracts.get(key) ?? readContract(dependencies);
  contracts.set(key, known);
  return known;
};

/** Of an app of its own, so that the request for it is none that a test counts. */
const readContract = async (dependencies: ApiDependencies): Promise<AnswerContract> => {
  const app = buildApp({ ...dependencies, rateLimitPerSecond: 0, isShuttingDown: () => false });
  const response = await app.inject('/openapi.json');
  await app.close();
  return answerContract(response.json<Readonly<Record<string, unknown>>>());
};

/** A valid order. */
export const order = {
  customerId: 'c1',
  currency: 'EUR',
  placedAt: '2024-05-01T10:00:00Z',
  lines: [{ sku: 'kettle', quantity: 2, unitPrice: 4990, freight: 1520 }],
};
