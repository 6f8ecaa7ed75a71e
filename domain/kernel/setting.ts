/** An application's own settings, which each installation sets in the environment; read at start. */
import * as E from 'fp-ts/Either';
import type * as t from 'io-ts';
import { InvalidDeclaration, shownName } from './declarations';

/** One setting: the variable that it is read from, the values that it takes, and its default. */
export interface Setting<Value> {
  /** The environment variable, in capitals: `LOAN_TERM_MS`. */
  readonly variable: string;
  /** Decodes the variable's text; if that fails, the JSON value of the text (`14`, `true`). */
  readonly codec: t.Type<Value, unknown>;
  readonly default: Value;
  /** What the value means (with its unit), for whoever sets it. */
  readonly meaning: string;
}

/** Any setting, where the type of its value doesn't matter. */
export type AnySetting = Omit<Setting<unknown>, 'codec'> & { readonly codec: t.Mixed };

/** Settings by the name that the application's code uses. */
export type SettingDeclarations = Readonly<Record<string, AnySetting>>;

/** The values of declared settings. */
export type SettingValues<S extends SettingDeclarations> = {
  readonly [Name in keyof S]: S[Name] extends { readonly default: infer Value } ? Value : never;
};

/**
 * Declares a setting. Throws {@link InvalidDeclaration} for an invalid variable name, or a default that the codec rejects.
 *
 * @example
 * ```ts
 * const loanTermMs = defineSetting({
 *   variable: 'LOAN_TERM_MS', codec: Quantity, default: 5_000,
 *   meaning: 'How long a member may keep a book, in milliseconds.',
 * });
 * ```
 */
export const defineSetting = <Value>(setting: Setting<Value>): Setting<Value> => {
  if (!/^[A-Z][A-Z0-9_]{0,99}$/.test(setting.variable)) {
    throw new InvalidDeclaration(
      `${shownName(setting.variable)} can't be a setting's variable; it takes capitals, digits and '_', such as LOAN_TERM_MS`,
    );
  }
  if (!setting.codec.is(setting.default)) {
    throw new InvalidDeclaration(
      `the setting ${setting.variable} has the default ${JSON.stringify(setting.default)}, which is not a valid ${setting.codec.name}`,
    );
  }
  return setting;
};

/** The values where nothing is set. */
export const defaultSettings = <S extends SettingDeclarations>(declarations: S): SettingValues<S> =>
  valuesOf(declarations, (setting) => setting.default);

/** The value of a variable's text; undefined where the codec accepts neither the text nor the JSON value in it. */
export const settingValue = ({ codec }: AnySetting, text: string): unknown => {
  const asText = codec.decode(text);
  if (E.isRight(asText)) return asText.right;
  const asJson = codec.decode(parseJson(text));
  return E.isRight(asJson) ? asJson.right : undefined;
};

/** One value per declared setting. */
export const valuesOf = <S extends SettingDeclarations>(
  declarations: S,
  valueOf: (setting: AnySetting) => unknown,
): SettingValues<S> =>
  // Each value comes from the setting of the same name, which the compiler cannot see.
  Object.fromEntries(
    Object.entries(declarations).map(([name, setting]) => [name, valueOf(setting)]),
  ) as SettingValues<S>;

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
