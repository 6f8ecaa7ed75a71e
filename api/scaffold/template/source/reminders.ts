/** Reminds a member whose copy is not back in time. One process a loan. */
import { constrained, defineProcessManager, defineSetting, type EventOf, type ProcessManager } from 'tidemark';
import { CopyLent, CopyReturned } from './copy.js';

const DAY_MS = 86_400_000;
const MIN_TERM_MS = 1_000;
const MAX_TERM_MS = 3_650 * DAY_MS;

/** The setting `LOAN_TERM_MS`. */
export const loanTermMs = defineSetting({
  variable: 'LOAN_TERM_MS',
  codec: constrained(
    `integer from ${MIN_TERM_MS} to ${MAX_TERM_MS}`,
    (value): value is number =>
      Number.isSafeInteger(value) && Number(value) >= MIN_TERM_MS && Number(value) <= MAX_TERM_MS,
    { type: 'integer', minimum: MIN_TERM_MS, maximum: MAX_TERM_MS },
  ),
  default: 28 * DAY_MS,
  meaning: 'How long a member may keep a copy before the reminder, in milliseconds.',
});

/** Plain JSON. What it knows only grows, so that it may hear of the same event twice, and in any order. */
interface Reminder {
  readonly lent: Lent | null;
  readonly isReturned: boolean;
}

interface Lent {
  readonly eventId: string;
  readonly correlationId: string;
  readonly copyId: string;
  readonly loan: number;
}

type LoanEvent = EventOf<typeof CopyLent> | EventOf<typeof CopyReturned>;

/** The engine hands over the events in `handles`, checked by their codecs: each of them names its loan. */
const loanOf = (data: unknown): LoanEvent['data'] => data as LoanEvent['data'];

const instanceOf = ({ copyId, loan }: LoanEvent['data']): string => `${copyId}/${loan}`;

/** @param termMs how long a copy may be kept, in milliseconds */
export const reminders = (termMs: number): ProcessManager<Reminder> =>
  defineProcessManager<Reminder>({
    name: 'reminders',
    version: 1,
    meaning: 'Reminds a member whose copy is not back in time.',
    handles: [CopyLent, CopyReturned],
    instanceOf: (event) => instanceOf(loanOf(event.data)),
    initialState: { lent: null, isReturned: false },
    step: (state, input) => {
      if (input._tag === 'Event') {
        const { id: eventId, type, recordedAt, correlationId, data } = input.event;
        if (type === CopyReturned.type) return { state: { ...state, isReturned: true }, commands: [] };
        if (state.lent !== null) return { state, commands: [] };
        const { copyId, loan } = loanOf(data);
        const lent = { eventId, correlationId, copyId, loan };
        // From when it was recorded, never from now: a replay has to come to the same time.
        const dueAt = new Date(Date.parse(recordedAt) + termMs).toISOString();
        return { state: { ...state, lent }, commands: [], deadlines: [{ id: `reminders/${eventId}/due`, dueAt }] };
      }
      // The other input is the outcome of a command: nothing follows from it here.
      if (input._tag !== 'DeadlinePassed' || state.lent === null || state.isReturned) return { state, commands: [] };
      const { eventId, correlationId, copyId, loan } = state.lent;
      const remind = {
        // It becomes the request's idempotency key: the same in every replay.
        id: `reminders/${eventId}/remind`,
        causationId: eventId,
        correlationId,
        category: 'copy',
        aggregateId: copyId,
        type: 'remind',
        data: { loan, remindedAt: input.deadline.dueAt },
      };
      return { state, commands: [remind] };
    },
  });
