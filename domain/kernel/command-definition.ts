/** A command as clients send it: an imperative name, the aggregate's id from the path, and a documented body. */
import { record, type AnyRecord, type Fields, type RecordOf, type RecordType } from './codec';
import { assertName, COMMAND, FIELD } from './declarations';

/** A command in memory. */
export interface Command<Type extends string = string, Data = unknown> {
  readonly type: Type;
  /** The id of the aggregate that the command is for, without its category. */
  readonly id: string;
  readonly data: Data;
}

/** A command's name, meaning and body. */
export interface CommandDefinition<Type extends string, F extends Fields> {
  /** The command's name in the URL: kebab-case, imperative. */
  readonly type: Type;
  readonly meaning: string;
  readonly codec: RecordType<F>;
  /** An example body that passes the codec; shown in the API's documentation. */
  readonly example: RecordOf<F>;
}

/** Any command definition, where its types don't matter. */
export interface AnyCommandDefinition {
  readonly type: string;
  readonly meaning: string;
  readonly codec: AnyRecord;
  readonly example: unknown;
}

/** The command type that a definition describes. */
export type CommandOf<D> = D extends CommandDefinition<infer Type, infer F> ? Command<Type, RecordOf<F>> : never;

/**
 * Declares a command. Throws InvalidDeclaration for an invalid name.
 *
 * @example
 * ```ts
 * const lend = defineCommand('lend', {
 *   meaning: 'Lends a book.',
 *   fields: { memberId: field(Identifier, 'Who takes it.') },
 *   example: { memberId: 'm1' },
 * });
 * ```
 */
export const defineCommand = <Type extends string, F extends Fields>(
  type: Type,
  contract: { readonly meaning: string; readonly fields: F; readonly example: RecordOf<F> },
): CommandDefinition<Type, F> => {
  assertName(COMMAND, type, 'a command');
  for (const name of Object.keys(contract.fields)) assertName(FIELD, name, `the command ${type}`);
  return {
    type,
    meaning: contract.meaning,
    codec: record(type, contract.fields),
    example: contract.example,
  };
};
