/**
 * Limits the requests per second of a client. Requests with a known key count by its name, all others by IP address; an address
 * above its limit is rejected before its key is checked, so that keys can't be guessed by trying.
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '../../infra/clock';
import { problem, ProblemError, retryAfter } from './problem';

export interface RateLimit {
  /** Throws 429 if the address is above its limit; does not count. */
  readonly admit: (address: string | undefined) => void;
  /** Counts a request without a known key. Throws 429 above the limit. */
  readonly countAddress: (address: string | undefined) => void;
  /** Counts a request with a known key. Throws 429 above the limit. */
  readonly countKey: (name: string) => void;
}

interface Window {
  readonly startMs: number;
  count: number;
}

const WINDOW_MS = 1_000;
/** Upper limit on clients that are remembered at a time: beyond it, the oldest is forgotten. */
const MAX_CLIENTS = 50_000;

const unlimited: RateLimit = { admit: () => undefined, countAddress: () => undefined, countKey: () => undefined };

/** @param perSecond 0 for no limit */
export const rateLimit = (perSecond: number, clock: Pick<Clock, 'monotonicMs'>): RateLimit => {
  if (perSecond === 0) return unlimited;
  const windows = new Map<string, Window>();

  const windowOf = (client: string): Window => {
    const nowMs = clock.monotonicMs();
    const known = windows.get(client);
    if (known !== undefined && nowMs - known.startMs < WINDOW_MS) return known;
    // Inserted again, so that the map stays ordered by start time.
    windows.delete(client);
    const window = { startMs: nowMs, count: 0 };
    windows.set(client, window);
    forgetOld(windows, nowMs);
    return window;
  };
  const count = (client: string): void => {
    const window = windowOf(client);
    window.count += 1;
    if (window.count > perSecond) throw tooMany(perSecond);
  };

  return {
    admit: (address) => {
      if (windowOf(clientAt(address)).count >= perSecond) throw tooMany(perSecond);
    },
    countAddress: (address) => count(clientAt(address)),
    countKey: (name) => count(`key:${name}`),
  };
};

/** The first entries are the oldest; checking a few per request keeps the map small. */
const forgetOld = (windows: Map<string, Window>, nowMs: number): void => {
  let looks = 0;
  for (const [client, { startMs }] of windows) {
    looks += 1;
    const isOver = nowMs - startMs >= WINDOW_MS || windows.size > MAX_CLIENTS;
    if (!isOver || looks > 4) return;
    windows.delete(client);
  }
};

const tooMany = (perSecond: number): ProblemError =>
  new ProblemError(
    problem('too-many-requests', `The limit is ${perSecond} requests per second and client.`, {
      headers: retryAfter(1),
    }),
  );

/** For an IPv6 address its /64 network, because a client usually has all of it. */
const clientAt = (address: string | undefined): string => {
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - first.length - last.length;
  return [...first, ...Array.from({ length: gap }, () => '0'), ...last].slice(0, 4).join(':');
};
