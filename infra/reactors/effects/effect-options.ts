/** What an installation sets about effects. */
import type { Effect } from '../../../domain/kernel/effect';
import type { PerformOptions } from './perform-effect';

/** What an installation declares about its effects. */
export interface EffectOptions {
  readonly effects: ReadonlyArray<Effect>;
  /** The values of an effect's settings. */
  readonly settingsOf: (effect: Effect) => Readonly<Record<string, unknown>>;
  /** Whether the calls of an effect are only logged and recorded. */
  readonly isDryRun: (effect: string) => boolean;
  readonly observe: PerformOptions['observe'];
}

/** The effects of a program without any. */
export const noEffects: EffectOptions = {
  effects: [],
  settingsOf: () => ({}),
  isDryRun: () => false,
  observe: () => undefined,
};
