/** Waits for everything that follows from the accepted commands, by the ids of the events rather than a fixed time. */
import { TOKENS_PER_REQUEST, type ApiClient } from './api-client';
import { forEachBounded } from './in-flight';

export interface ConsequencesOptions {
  readonly client: ApiClient;
  /** In monotonic milliseconds. */
  readonly deadlineMs: number;
  readonly concurrency: number;
}

/** The views that read the events of a category. */
const VIEWS_OF: Readonly<Record<string, ReadonlyArray<string>>> = {
  order: ['order-summary', 'sales-by-day', 'customer-orders'],
  payment: ['order-summary', 'sales-by-day'],
  stock: ['stock-level'],
};

/**
 * Waits until each view has seen the last known event of each stream.
 * @param versions the last version of each stream that a response named
 * @param owedEvents ids of events that no command of the demonstration caused directly and that must follow
 * @returns the views that have not seen all of it by the deadline
 */
export const awaitConsequences = async (
  versions: ReadonlyMap<string, number>,
  owedEvents: ReadonlyArray<string>,
  { client, deadlineMs, concurrency }: ConsequencesOptions,
): Promise<ReadonlyArray<string>> => {
  const late = new Set<string>();
  const tokens = lastEvents(versions, owedEvents);
  const waits = Object.entries(VIEWS_OF).flatMap(([category, views]) => {
    const bundles = inBundles(tokens.filter((token) => token.startsWith(`${category}-`)));
    return views.flatMap((view) => bundles.map((bundle) => ({ view, bundle })));
  });
  await forEachBounded(waits, concurrency, async ({ view, bundle }) => {
    // A view that is already late is not waited for again: it would only double the time.
    if (!late.has(view) && !(await client.awaitSeen(view, bundle, deadlineMs))) late.add(view);
  });
  return [...late];
};

const lastEvents = (
  versions: ReadonlyMap<string, number>,
  owedEvents: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const last = new Map(versions);
  for (const id of owedEvents) {
    const at = id.lastIndexOf('@');
    const stream = id.slice(0, at);
    last.set(stream, Math.max(Number(id.slice(at + 1)), last.get(stream) ?? 0));
  }
  return [...last].filter(([, version]) => version > 0).map(([stream, version]) => `${stream}@${version}`);
};

const inBundles = (tokens: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  Array.from({ length: Math.ceil(tokens.length / TOKENS_PER_REQUEST) }, (_, index) =>
    tokens.slice(index * TOKENS_PER_REQUEST, (index + 1) * TOKENS_PER_REQUEST),
  );
