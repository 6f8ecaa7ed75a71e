/** What the API reads of the reactors' file. */
import type { Effect } from '../../domain/kernel/effect';
import { readEffectResultsIn, readEffects, readSetAsideIn } from '../../infra/reactors/reactor-status';
import type { ApiDependencies } from '../http/dependencies';
import type { DataFiles } from './data-files';

/** Reads effects, their results, and what is suspended. */
export const reactorsIn = (
  { reactors }: Pick<DataFiles, 'reactors'>,
  effects: ReadonlyArray<Effect>,
): Pick<ApiDependencies, 'effects' | 'effectResults' | 'setAside'> => ({
  effects: () => readEffects(reactors, effects),
  effectResults: (filter, limit) => readEffectResultsIn(reactors, filter, limit),
  setAside: (filter, limit) => readSetAsideIn(reactors, filter, limit),
});
