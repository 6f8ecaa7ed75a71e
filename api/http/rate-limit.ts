/**
 * How many requests a second one client may send. Whoever shows a known key is counted by its name, everybody else by
 * address; an address that has used its share up is refused before its key is looked at, so that nobody can try keys out.
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '../../infra/clock';
import { problem, ProblemError, retryAfter } from './problem';

export interface RateLimit {
  /** Throws 429 where the address has no request left; counts nothing. */
  readonly admit: (address: string | undefined) => void;
  /** Counts a request of nobody whom a key names. Throws 429 above the limit. */
  readonly countAddress: (address: string | undefined) => void;
  /** Counts a request of a key. Throws 429 above the limit. */
  readonly countKey: (name: string) => void;
}

interface Window {
  readonly startMs: number;
  count: number;
}

const WINDOW_MS = 1_000;
/** More clients than these within a second share what is left: the oldest is forgotten. */
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
    // Put in again, so that the map stays in the order of their beginnings.
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

/** The first are the oldest: looks at a few, so that what is added is also taken away. */
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
    problem('too-many-requests', `At most ${perSecond} requests a second are taken from one client.`, {
      headers: retryAfter(1),
    }),
  );

/** Of an IPv6 address its network of 64 bits: one client has all of it. */
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
