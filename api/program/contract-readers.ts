/** Who in this program reads events, as the contract check watches them. */
import type { InstrumentedReader } from '../../infra/contracts/field-readers';
import type { Effect } from '../../domain/kernel/effect';
import type { AnyProcessManager } from '../../domain/kernel/process-manager';
import type { Projection } from '../../projections/projection';
import { boundedCache } from '../../infra/cache/bounded-cache';
import type { Application } from '../../projections/application';

/** Returns every projection and every process manager as an instrumented reader. */
export const contractReaders = ({
  projections,
  processManagers,
  effects,
}: Application): ReadonlyArray<InstrumentedReader> => [
  ...projections.map(projectionReader),
  ...processManagers.map(processReader),
  ...effects.map(effectReader),
];

/** An instrumented effect: only what is pure in it is run, so it counts as reading every field that it may pass on. */
export const effectReader = ({ name, handles, keyOf }: Effect): InstrumentedReader => ({
  name: `effect ${name}`,
  handles,
  take: (event) => {
    keyOf(event);
    JSON.stringify(event.data);
  },
});

/** An instrumented projection. */
export const projectionReader = ({ name, handles, project }: Projection): InstrumentedReader => ({
  name: `projection ${name}`,
  handles,
  take: (event) => void project(event),
});

const MAX_CACHED_INSTANCES = 20_000;

/** An instrumented process manager: runs on an empty state, and on the state that earlier events of the instance have led to. */
export const processReader = (manager: AnyProcessManager): InstrumentedReader => {
  const known = boundedCache<string, unknown>(MAX_CACHED_INSTANCES);
  return {
    name: `process manager ${manager.name}`,
    handles: manager.handles,
    take: (event) => {
      const instance = manager.instanceOf(event);
      manager.step(manager.initialState, { _tag: 'Event', event });
      if (instance === undefined) return;
      const state = known.get(instance) ?? manager.initialState;
      known.set(instance, manager.step(state, { _tag: 'Event', event }).state);
    },
  };
};
