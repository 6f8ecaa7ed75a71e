/** Redrives, copies, breakers and operators' requests in memory. */
import type { Clock } from '../../clock';
import type { TrippedBreakers } from '../../consumption/intake/intake';
import {
  batchSizes,
  type NoteFailedRequest,
  type RedriveRows,
  type RequestCursor,
} from '../../dead-letters/redrive/redrive';
import { copyHeaders, type DeadLetterCopies } from '../../dead-letters/topic/topic';
import { keyOf, type MemoryTables, type RedriveRow } from './tables';

export const memoryBreakers = ({ breakers }: MemoryTables): TrippedBreakers => ({
  isTripped: (consumer) => breakers.has(consumer),
  trip: (consumer, reason) => void breakers.set(consumer, reason),
  reset: (consumer) => void breakers.delete(consumer),
});

export const memoryRequests = ({
  numbers,
  failedRequests,
}: MemoryTables): { readonly requests: RequestCursor; readonly noteFailedRequest: NoteFailedRequest } => ({
  requests: {
    position: () => numbers.get('request') ?? 0,
    moveTo: (requestId) => void numbers.set('request', requestId),
  },
  noteFailedRequest: ({ id, kind, actor }, reason) => {
    if (!failedRequests.has(id)) failedRequests.set(id, { id, kind, actor, reason });
  },
});

export const memoryRedrives = ({ redrives, redriveKeys, letters }: MemoryTables): RedriveRows => {
  const change = (id: number, to: Partial<RedriveRow>): void => {
    const redrive = redrives.get(id);
    if (redrive !== undefined) redrives.set(id, { ...redrive, ...to });
  };
  const keysOf = (id: number) =>
    [...redriveKeys.values()].filter(({ redrive }) => redrive === id).sort((left, right) => left.seq - right.seq);
  return {
    isPlanned: (id, consumer) => redrives.get(id)?.consumer === consumer,
    plan: (id, actor, { group, letters: planned, ratePerSecond }) => {
      if (redrives.has(id)) return;
      redrives.set(id, { id, consumer: group, actor, ratePerSecond, state: 'planned', events: 0 });
      const count = batchSizes(planned.length).reduce((sum, size) => sum + size, 0);
      planned.slice(0, count).forEach((letter, index) => {
        if (letters.get(letter)?.consumer === group)
          redriveKeys.set(keyOf(id, index + 1), { redrive: id, seq: index + 1, letter, state: 'waiting' });
      });
    },
    run: (id) => {
      for (const key of keysOf(id).filter(({ state }) => state === 'failed'))
        redriveKeys.set(keyOf(id, key.seq), { ...key, state: 'waiting' });
      change(id, { state: 'running' });
    },
    pause: (id) => {
      const state = redrives.get(id)?.state;
      if (state === 'planned' || state === 'running') change(id, { state: 'paused' });
    },
    running: () => [...redrives.values()].filter(({ state }) => state === 'running').sort((a, b) => a.id - b.id),
    nextKey: ({ id, consumer, actor }) => {
      const key = keysOf(id).find(({ state }) => state === 'waiting');
      return key === undefined ? undefined : { redrive: id, consumer, actor, seq: key.seq, letter: key.letter };
    },
    endKey: ({ redrive, seq }, state) => {
      const key = redriveKeys.get(keyOf(redrive, seq));
      if (key !== undefined) redriveKeys.set(keyOf(redrive, seq), { ...key, state });
    },
    count: (id, events) => change(id, { events: (redrives.get(id)?.events ?? 0) + events }),
    haltFor: (consumer, fingerprint) => {
      const halted = [...redrives.values()].filter(
        ({ id, state, consumer: of }) =>
          of === consumer &&
          state === 'running' &&
          keysOf(id).some(({ letter }) => letters.get(letter)?.fingerprint === fingerprint),
      );
      for (const { id } of halted) change(id, { state: 'halted' });
      return halted.length;
    },
    finish: (id) => {
      if (redrives.get(id)?.state === 'running') change(id, { state: 'done' });
    },
  };
};

const REFUSED_RETRY_MS = 600_000;

export const memoryCopies = ({ copies, copying, letters }: MemoryTables, clock: Clock): DeadLetterCopies => ({
  waiting: (group, limit) =>
    [...copies]
      .flatMap(([seq, { letter, value, nextAttemptAtMs }]) => {
        const row = letters.get(letter);
        if (row?.consumer !== group || nextAttemptAtMs > clock.nowMs()) return [];
        const { consumer, fingerprint, attempts, failedAtMs, failed } = row;
        const { key, headers, ...place } = failed.origin;
        const said = { ...place, ...failed.failure, consumer, fingerprint, attempts, failedAtMs };
        return [{ seq, group, key, value, headers: [...headers, ...copyHeaders(said)] }];
      })
      .slice(0, limit),
  done: (seqs) => {
    for (const seq of seqs) copies.delete(seq);
  },
  note: (group, { refused, fault }) => {
    for (const { seq, reason } of refused) {
      const copy = copies.get(seq);
      if (copy !== undefined)
        copies.set(seq, { ...copy, fault: reason, nextAttemptAtMs: clock.nowMs() + REFUSED_RETRY_MS });
    }
    if (fault === null) copying.delete(group);
    else copying.set(group, fault);
  },
});
