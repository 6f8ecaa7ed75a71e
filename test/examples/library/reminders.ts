/** Reminds a member whose book is not back in time. One process a loan. */
import type { EventOf } from '../../../domain/kernel/event-definition';
import { defineProcessManager } from '../../../domain/kernel/process-manager';
import { BookLent, BookReturned } from './loan';

/** How long a member may keep a book. So short that one can watch it pass. */
const LOAN_TERM_MS = 5_000;

/** Plain JSON. What it knows only grows, so that it may hear of the same event twice. */
interface State {
  readonly lent: { readonly eventId: string; readonly correlationId: string; readonly loanId: string } | null;
  readonly isReturned: boolean;
}

/** The engine hands over the events in `handles`, checked by their codecs; both name their loan. */
const loanIdOf = (data: unknown): string => (data as EventOf<typeof BookLent>['data']).loanId;

export const reminders = defineProcessManager<State>({
  name: 'reminders',
  version: 1,
  meaning: 'Reminds a member whose book is not back in time.',
  handles: [BookLent, BookReturned],
  instanceOf: (event) => loanIdOf(event.data),
  initialState: { lent: null, isReturned: false },
  step: (state, input) => {
    if (input._tag === 'Event') {
      const { id: eventId, type, recordedAt, correlationId, data } = input.event;
      if (type === BookReturned.type) return { state: { ...state, isReturned: true }, commands: [] };
      if (state.lent !== null) return { state, commands: [] };
      const lent = { eventId, correlationId, loanId: loanIdOf(data) };
      // From when it was recorded, never from now: a replay has to come to the same time.
      const dueAt = new Date(Date.parse(recordedAt) + LOAN_TERM_MS).toISOString();
      return { state: { ...state, lent }, commands: [], deadlines: [{ id: `reminders/${eventId}/due`, dueAt }] };
    }
    // The other input is the outcome of a command; nothing follows from it here.
    if (input._tag !== 'DeadlinePassed' || state.lent === null || state.isReturned) return { state, commands: [] };
    const { eventId, correlationId, loanId } = state.lent;
    const remind = {
      // It becomes the request's idempotency key: the same in every replay.
      id: `reminders/${eventId}/remind`,
      causationId: eventId,
      correlationId,
      category: 'loan',
      aggregateId: loanId,
      type: 'remind',
      data: { remindedAt: input.deadline.dueAt },
    };
    return { state, commands: [remind] };
  },
});
