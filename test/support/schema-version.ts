/** The version that a test's payload is in, so that tests need not count versions. */
import { application } from '../../projections/fulfilment/application';
import { versionsOf } from '../../domain/kernel/event-versions';

const { catalog } = application;

/** The newest version under this name that takes the payload; 1 where none does. */
export const schemaVersionOf = (type: string, data: unknown): number => {
  const definition = catalog.eventDefinition(type);
  const versions = definition === undefined ? [] : [...versionsOf(definition)].reverse();
  return versions.find((each) => each.type === type && each.codec.is(data))?.schemaVersion ?? 1;
};
