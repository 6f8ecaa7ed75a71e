/** `tidemark effects`: shows effects and the results of their calls, and pauses, drains and resumes them. */
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { EffectMode, EffectStatus, RecordedEffectResult } from '../../infra/reactors/processes/processes';
import { refusalOf } from './failed-request';
import { request, ServerRefused } from './server-client';

type Print = (line: string) => void;

interface Json {
  readonly json: boolean;
}

const fetchEffects = async (configuration: Configuration): Promise<ReadonlyArray<EffectStatus>> => {
  const { items } = (await request(configuration, 'GET', '/ops/effects')) as {
    readonly items: ReadonlyArray<EffectStatus>;
  };
  return items;
};

/** Prints one line per effect. */
export const listEffects = async (configuration: Configuration, { json }: Json, print: Print): Promise<void> => {
  const effects = await fetchEffects(configuration);
  if (effects.length === 0 && !json) print('this program has no effects');
  for (const effect of effects) print(json ? JSON.stringify(effect) : lineOf(effect));
};

const lineOf = ({ effect, mode, pending, suspended, done, rejected, dryRun, reason }: EffectStatus): string =>
  [
    effect.padEnd(24),
    mode.padEnd(8),
    `${pending} pending, ${suspended} suspended, ${done} done, ${rejected} rejected`,
    ...(dryRun > 0 ? [`${dryRun} in dry runs`] : []),
    ...(reason === null ? [] : [reason]),
  ].join('  ');

/** Prints one line per result, newest first. */
export const listEffectResults = async (
  configuration: Configuration,
  effect: string,
  { json, ...parameters }: Json & { readonly key?: string; readonly limit: string },
  print: Print,
): Promise<void> => {
  const query = new URLSearchParams({ ...parameters }).toString();
  const path = `/ops/effects/${encodeURIComponent(effect)}/results?${query}`;
  const { items } = (await request(configuration, 'GET', path)) as {
    readonly items: ReadonlyArray<RecordedEffectResult>;
  };
  if (items.length === 0 && !json) print('no call has ended yet');
  for (const item of items) {
    const { finishedAt, outcome, attempts, key, result } = item;
    const attempted = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
    print(
      json
        ? JSON.stringify(item)
        : [finishedAt, outcome.padEnd(8), attempted.padEnd(11), key, JSON.stringify(result)].join('  '),
    );
  }
};

const POLL_MS = 100;
const TIMEOUT_MS = 30_000;
const MODES: Readonly<Record<'pause' | 'drain' | 'resume', EffectMode>> = {
  pause: 'paused',
  drain: 'draining',
  resume: 'running',
};

/** Sets the mode of an effect, and waits until the reactors have adopted it. */
export const setEffectMode = async (
  configuration: Configuration,
  effect: string,
  action: 'pause' | 'drain' | 'resume',
  { json }: Json,
  print: Print,
): Promise<void> => {
  const path = `/ops/effects/${encodeURIComponent(effect)}/${action}`;
  const { requestId } = (await request(configuration, 'POST', path)) as { readonly requestId: number };
  const untilMs = systemClock.monotonicMs() + TIMEOUT_MS;
  for (;;) {
    const status = (await fetchEffects(configuration)).find((each) => each.effect === effect);
    if (status?.mode === MODES[action]) {
      print(json ? JSON.stringify(status) : lineOf(status));
      return;
    }
    const refusal = await refusalOf(configuration, requestId);
    if (refusal !== undefined) throw new ServerRefused(`${effect}: ${refusal}`);
    if (systemClock.monotonicMs() > untilMs) {
      throw new ServerRefused(
        `${effect}: the reactors have not picked up the request yet (request ${requestId}); are they running?`,
      );
    }
    await systemClock.sleep(POLL_MS);
  }
};
