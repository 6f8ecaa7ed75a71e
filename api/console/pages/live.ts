/** What the server streams: one connection for all pages of this tab; it resumes where it was lost. */
import { nowMs } from './clock';
import { useEffect, useState } from 'preact/hooks';
import { loggedOut } from './api';

const TOPICS = ['stages', 'relay', 'groups', 'projections', 'readiness', 'deadLetters'] as const;

/** The names of what is streamed. */
export type TopicName = (typeof TOPICS)[number];

/** `offline`: the server cannot be reached, and what is shown is old. */
export type Connection = 'connecting' | 'live' | 'offline';

const RETRY_MS = 2_000;

const values = new Map<string, unknown>();
const listeners = new Set<() => void>();
let connection: Connection = 'connecting';
let lookedAtMs = 0;
let looks = 0;

const changed = (): void => {
  for (const listener of listeners) listener();
};

/** Opens the stream, and keeps it open. */
export const connect = (): void => {
  const source = new EventSource('/console/events');
  for (const topic of TOPICS)
    source.addEventListener(topic, (event: MessageEvent<string>) => {
      values.set(topic, JSON.parse(event.data) as unknown);
    });
  source.addEventListener('look', () => {
    connection = 'live';
    lookedAtMs = nowMs();
    looks += 1;
    changed();
  });
  source.onerror = () => {
    connection = 'offline';
    changed();
    if (source.readyState !== EventSource.CLOSED) return;
    // The server has refused: a browser does not try that again by itself.
    void fetch('/console/session')
      .then((response) => response.json())
      .then((session: { readonly required: boolean; readonly name: string | null }) => {
        if (session.required && session.name === null) loggedOut();
        else setTimeout(connect, RETRY_MS);
      })
      .catch(() => setTimeout(connect, RETRY_MS));
  };
};

const useChanges = (): void => {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const listener = (): void => setTurn((turn) => turn + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
};

/** The present value of a topic; undefined before the first one. A topic that cannot be read shows why instead. */
export const useTopic = <Value>(name: TopicName): Value | undefined => {
  useChanges();
  const value = values.get(name);
  return value === null || isUnreadable(value) ? undefined : (value as Value | undefined);
};

/** Why a topic cannot be read at present. */
export const useUnreadable = (name: TopicName): string | undefined => {
  useChanges();
  const value = values.get(name);
  return isUnreadable(value) ? value.unreadable : undefined;
};

const isUnreadable = (value: unknown): value is { readonly unreadable: string } =>
  typeof value === 'object' && value !== null && 'unreadable' in value;

/** Grows about every `seconds`: what is not streamed is read again then. */
export const useTicks = (seconds: number): number => {
  useChanges();
  return Math.floor(looks / seconds);
};

/** Whether what is shown is live, and when it was last. */
export const useConnection = (): { readonly connection: Connection; readonly lookedAtMs: number } => {
  useChanges();
  return { connection, lookedAtMs };
};
