/** An event as a contract: a business fact in the past tense, its versions, a codec, and the meaning of each field. */
import { record, type AnyRecord, type Fields, type RecordOf, type RecordType } from './codec';
import { assertInteger, assertName, EVENT_TYPE, FIELD } from './declarations';

/** A domain event in memory: what happened, and its payload in the newest schema version. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

// -------------------------------------------------------------------------------------
// Versions
// -------------------------------------------------------------------------------------

/** A version that is no longer the newest. Stored events have it, so it stays readable and never changes. */
export interface EarlierVersion {
  /** What the event was called then; a rename is a new version. */
  readonly type: string;
  readonly schemaVersion: number;
  readonly meaning: string;
  readonly codec: AnyRecord;
  /** The day on which it was first written, ISO 8601. */
  readonly since: string;
  /** The day from which consumers should not rely on it, and the day from which no producer writes it. */
  readonly deprecated: string;
  readonly sunset: string;
  /** Converts a payload to the next version; pure. The payload has passed this version's codec. */
  readonly upcast: (data: unknown) => unknown;
  /** Converts a payload from the next version; returns undefined for one that this version cannot express. Absent where none can be. */
  readonly downcast?: (data: unknown) => unknown;
}

/** What a team declares of an earlier version; `next` is there for the types alone. */
export interface EarlierContract<F extends Fields, Next extends Fields> {
  readonly type: string;
  readonly schemaVersion: number;
  readonly meaning: string;
  readonly fields: F;
  readonly next: Next;
  readonly since: string;
  readonly deprecated: string;
  readonly sunset: string;
  readonly upcast: (data: RecordOf<F>) => RecordOf<Next>;
  readonly downcast?: (data: RecordOf<Next>) => RecordOf<F> | undefined;
}

/**
 * Declares an earlier version and its one step to the next.
 *
 * @example
 * ```ts
 * earlierVersion({
 *   type: 'BookLent', schemaVersion: 1, meaning: 'A member took a book.',
 *   since: '2026-11-25', deprecated: '2026-12-01', sunset: '2027-06-01',
 *   fields: lentFieldsV1, next: lentFields,
 *   upcast: (data) => ({ ...data, desk: 'counter' }),
 * })
 * ```
 */
export const earlierVersion = <F extends Fields, Next extends Fields>(
  contract: EarlierContract<F, Next>,
): EarlierVersion => {
  const { type, schemaVersion, meaning, since, deprecated, sunset, upcast, downcast } = contract;
  assertContract(type, schemaVersion, contract.fields);
  const version = { type, schemaVersion, meaning, since, deprecated, sunset, codec: record(type, contract.fields) };
  return {
    ...version,
    // The chain validates each payload with the codec of its version before the step.
    upcast: (data) => upcast(data as RecordOf<F>),
    ...(downcast === undefined ? {} : { downcast: (data: unknown) => downcast(data as RecordOf<Next>) }),
  };
};

// -------------------------------------------------------------------------------------
// Definitions
// -------------------------------------------------------------------------------------

/** The contract of one event. */
export interface EventDefinition<Type extends string, F extends Fields> extends AnyEventDefinition {
  readonly type: Type;
  readonly codec: RecordType<F>;
  /** Makes an event of this definition. */
  readonly of: (data: RecordOf<F>) => DomainEvent<Type, RecordOf<F>>;
}

/** Any definition, where its types don't matter. */
export interface AnyEventDefinition {
  readonly type: string;
  /** The newest version of the payload's schema, counted from 1. */
  readonly schemaVersion: number;
  /** One sentence: which business fact this event states. */
  readonly meaning: string;
  readonly codec: AnyRecord;
  /** Who is responsible for it; empty where nobody was named, which the contract check reports. */
  readonly owner: string;
  /** The day on which the newest version was first written, ISO 8601; empty where none was named, which is reported too. */
  readonly since: string;
  /** Why the name states a fact, where neither its grammar nor a word list shows that. */
  readonly isFact?: FactReason;
  /** The event that is written instead, and since when, where this one is deprecated. */
  readonly deprecatedBy?: { readonly type: string; readonly since: string };
  /** Every version before the newest, oldest first. */
  readonly earlier: ReadonlyArray<EarlierVersion>;
}

/** A team's statement that a name is a business fact, with the reason that reviewers read. */
export interface FactReason {
  readonly because: string;
}

/** What a team declares of an event. */
export interface EventContract<F extends Fields> {
  readonly schemaVersion: number;
  readonly meaning: string;
  readonly fields: F;
  /** Who is responsible for it: a team, as its readers can reach it. */
  readonly owner: string;
  /** The day on which the newest version was first written, ISO 8601. */
  readonly since: string;
  /** Declares that the name is a fact where the contract check does not recognise it (`LoanOverdue`), and says why. */
  readonly isFact?: FactReason;
  readonly deprecatedBy?: { readonly type: string; readonly since: string };
  readonly earlier?: ReadonlyArray<EarlierVersion>;
}

/** The event type that a definition describes. */
export type EventOf<D> = D extends { of: (data: never) => infer Event } ? Event : never;

/**
 * Declares an event.
 * @param type the business fact, past tense, PascalCase
 * @param contract versions, meaning, owner, and the documented fields
 * @example
 * ```ts
 * const BookReturned = defineEvent('BookReturned', {
 *   owner: 'library', since: '2026-11-25', schemaVersion: 1,
 *   meaning: 'The book came back.',
 *   fields: { loanId: field(Identifier, 'The loan.') },
 * });
 * ```
 */
export const defineEvent = <Type extends string, F extends Fields>(
  type: Type,
  contract: EventContract<F>,
): EventDefinition<Type, F> => {
  assertContract(type, contract.schemaVersion, contract.fields);
  return {
    type,
    schemaVersion: contract.schemaVersion,
    meaning: contract.meaning,
    codec: record(type, contract.fields),
    // Plain JavaScript may leave them out; the contract check reports that.
    owner: (contract as Partial<EventContract<F>>).owner ?? '',
    since: (contract as Partial<EventContract<F>>).since ?? '',
    ...(contract.isFact === undefined ? {} : { isFact: contract.isFact }),
    ...(contract.deprecatedBy === undefined ? {} : { deprecatedBy: contract.deprecatedBy }),
    earlier: contract.earlier ?? [],
    of: (data) => ({ type, data }),
  };
};

const MAX_SCHEMA_VERSION = 1_000_000;

const assertContract = (type: string, schemaVersion: number, fields: Fields): void => {
  assertName(EVENT_TYPE, type, 'an event');
  assertInteger('schemaVersion', schemaVersion, `the event ${type}`, 1, MAX_SCHEMA_VERSION);
  for (const name of Object.keys(fields)) assertName(FIELD, name, `the event ${type}`);
};
