/** An application under development: all of its pure code gets frozen inputs, so that a change of one fails where it happens. */
import { catalogOf } from '../domain/kernel/aggregate';
import { deepFreeze, withFrozenState, withFrozenSteps, withoutMutation } from '../domain/kernel/frozen-inputs';
import type { Application } from './application';
import type { Projection } from './projection';

/** The application with frozen states, events, commands and rows. See `FREEZE_INPUTS`. */
export const withFrozenInputs = (application: Application): Application => {
  const processManagersWith: Application['processManagersWith'] = (settings) =>
    application.processManagersWith(settings).map(withFrozenSteps);
  return {
    ...application,
    catalog: catalogOf(application.catalog.aggregates.map(withFrozenState)),
    projections: application.projections.map(withFrozenEvents),
    processManagersWith,
    processManagers: application.processManagers.map(withFrozenSteps),
  };
};

/** The projection with events and rows frozen before its own code gets them. */
export const withFrozenEvents = (projection: Projection): Projection => {
  const where = `the projection ${projection.name}`;
  const { project, compute, rollup } = projection;
  return {
    ...projection,
    project: (event) =>
      withoutMutation(
        () => `${where}: project(${event.type})`,
        () => project(deepFreeze(event)),
      ),
    ...(compute === undefined
      ? {}
      : {
          compute: (row) =>
            withoutMutation(
              () => `${where}: compute`,
              () => compute(deepFreeze(row)),
            ),
        }),
    ...(rollup === undefined
      ? {}
      : {
          rollup: {
            ...rollup,
            contribution: (row) =>
              withoutMutation(
                () => `${where}: contribution`,
                () => rollup.contribution(deepFreeze(row)),
              ),
          },
        }),
  };
};
