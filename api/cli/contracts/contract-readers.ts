/** Who in this program reads events, as the contract check watches them. */
import { processManagers } from '../../../domain/catalog';
import type { EventReaderUnderWatch } from '../../../domain/contracts/field-readers';
import type { ProcessManager } from '../../../domain/kernel/process-manager';
import type { Projection } from '../../../projections/projection';
import { projections } from '../../../projections/registry';

/** Every projection and every process manager. */
export const contractReaders = (): ReadonlyArray<EventReaderUnderWatch> => [
  ...projections.map(projectionReader),
  ...processManagers.map(processReader),
];

/** A projection under watch. */
export const projectionReader = ({ name, handles, project }: Projection): EventReaderUnderWatch => ({
  name: `projection ${name}`,
  handles,
  take: (event) => void project(event),
});

/** A process manager under watch: on an empty state, and on what it has come to know. */
export const processReader = <State>(manager: ProcessManager<State>): EventReaderUnderWatch => {
  let known = manager.initialState;
  return {
    name: `process manager ${manager.name}`,
    handles: manager.handles,
    take: (event) => {
      manager.instanceOf(event);
      manager.step(manager.initialState, { _tag: 'Event', event });
      known = manager.step(known, { _tag: 'Event', event }).state;
    },
  };
};
