/** An event as a contract: a business fact in the past tense, a schema version, a codec, and the meaning of each field. */
import { record, type AnyRecord, type Fields, type RecordOf, type RecordType } from './codec';

/** A domain event in memory: what happened, and its payload in the newest schema version. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** The contract of one event. */
export interface EventDefinition<Type extends string, F extends Fields> {
  readonly type: Type;
  /** The version of the payload's schema, counted from 1. */
  readonly schemaVersion: number;
  /** One sentence: which business fact this event states. */
  readonly meaning: string;
  readonly codec: RecordType<F>;
  /** Makes an event of this definition. */
  readonly of: (data: RecordOf<F>) => DomainEvent<Type, RecordOf<F>>;
}

/** Any definition, where its types don't matter. */
export interface AnyEventDefinition {
  readonly type: string;
  readonly schemaVersion: number;
  readonly meaning: string;
  readonly codec: AnyRecord;
}

/** The event type that a definition describes. */
export type EventOf<D> = D extends { of: (data: never) => infer Event } ? Event : never;

/**
 * Declares an event.
 * @param type the business fact, past tense, PascalCase
 * @param contract schema version, meaning, and the documented fields
 */
export const defineEvent = <Type extends string, F extends Fields>(
  type: Type,
  contract: { readonly schemaVersion: number; readonly meaning: string; readonly fields: F },
): EventDefinition<Type, F> => ({
  type,
  schemaVersion: contract.schemaVersion,
  meaning: contract.meaning,
  codec: record(type, contract.fields),
  of: (data) => ({ type, data }),
});
