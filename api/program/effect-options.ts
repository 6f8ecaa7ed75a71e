/** What an installation sets about the effects of its application. */
import type { Effect } from '../../domain/kernel/effect';
import { ConfigurationError, readSettings, type Configuration } from '../../infra/configuration';
import type { Metrics } from '../../infra/metrics/registry';
import type { EffectOptions } from '../../infra/reactors/effects/effects';

/** Reads the settings of effects. Throws ConfigurationError. */
export const effectOptions = (
  effects: ReadonlyArray<Effect>,
  { effectsDryRun }: Pick<Configuration, 'effectsDryRun'>,
  metrics: Pick<Metrics, 'add' | 'observe'>,
): EffectOptions => {
  const names = effects.map(({ name }) => name);
  const unknown = effectsDryRun.find((name) => name !== EVERY && !names.includes(name));
  if (unknown !== undefined) {
    const known = names.length === 0 ? 'this application has no effect' : `the effects are ${names.join(', ')}`;
    throw new ConfigurationError(`EFFECTS_DRY_RUN names '${unknown}'; ${known}; '${EVERY}' stands for all of them`);
  }
  const settings = new Map(effects.map((effect) => [effect.name, readSettings(effect.settings)]));
  return {
    effects,
    settingsOf: ({ name }) => settings.get(name) ?? {},
    isDryRun: (name) => effectsDryRun.includes(EVERY) || effectsDryRun.includes(name),
    observe: (effect, outcome, durationSeconds) => {
      metrics.add('tidemark_effects_total', { effect, outcome });
      metrics.observe('tidemark_effect_seconds', { effect }, durationSeconds);
    },
  };
};

const EVERY = 'all';
