/** The catalog after a change, and the findings of the contract check. */
import { application } from '../../../projections/fulfilment/application';
import { changeFindings, checkContracts } from '../../../infra/contracts/contract-check';
import { lockOf } from '../../../infra/contracts/contract-lock';
import type { Finding } from '../../../infra/contracts/finding';
import { catalogOf, type Aggregate, type Catalog } from '../../../domain/kernel/aggregate';
import { record, type AnyField, type Fields } from '../../../domain/kernel/codec';
import type { AnyEventDefinition } from '../../../domain/kernel/event-definition';
import { contractReaders } from '../../../api/program/contract-readers';
import { readFixtures } from '../../../infra/contracts/contract-files';
import { lockedProjections } from '../../../projections/locked-projections';
import { readPastForms } from '../../../infra/contracts/past-forms';

const { catalog } = application;

/** The committed lock. */
export const lock = lockOf(catalog, undefined, lockedProjections(application.projections));

/** The catalog with one event changed; undefined removes it. */
export const withEvent = (
  type: string,
  change: (definition: AnyEventDefinition) => AnyEventDefinition | undefined,
): Catalog =>
  catalogOf(
    catalog.aggregates.map((aggregate) => {
      const events = [...aggregate.events.values()].flatMap((each) =>
        each.type === type ? (change(each) ?? []) : each,
      );
      return { ...aggregate, events: new Map(events.map((each) => [each.type, each])) };
    }),
  );

/** The catalog with one aggregate's topic changed. */
export const withTopic = (name: string, change: Partial<Aggregate['topic']>): Catalog =>
  catalogOf(
    catalog.aggregates.map((each) =>
      each.topic.name === name ? { ...each, topic: { ...each.topic, ...change } } : each,
    ),
  );

/** The event with some of its fields replaced; undefined removes a field. */
export const withFields =
  (change: Readonly<Record<string, AnyField | undefined>>) =>
  (definition: AnyEventDefinition): AnyEventDefinition => {
    const entries = Object.entries({ ...definition.codec.fields, ...change });
    const fields: Fields = Object.fromEntries(
      entries.flatMap(([name, each]) => (each === undefined ? [] : [[name, each]])),
    );
    return { ...definition, codec: record(definition.type, fields) };
  };

/** The findings for the change, without the fixtures. */
export const gate = (changed: Catalog): ReadonlyArray<Finding> =>
  changeFindings({ catalog: changed, lock, readers: contractReaders(application) });

/** All findings of the contract check. */
export const wholeGate = (changed: Catalog): ReadonlyArray<Finding> =>
  checkContracts({
    catalog: changed,
    lock,
    fixtures: readFixtures(application.contractsFolder ?? ''),
    readers: contractReaders(application),
    pastForms: readPastForms(),
  });

/** A finding as one text. */
export const textOf = ({ subject, problem, remedy, details }: Finding): string =>
  [`${subject}: ${problem}`, ...details, remedy].join('\n');
