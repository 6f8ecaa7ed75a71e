/** Whether the codec of each event and its JSON Schema agree. */
import type { Catalog } from '../../domain/kernel/aggregate';
import { versionsOf } from '../../domain/kernel/event-versions';
import { refusedPath } from '../schemas/schema-check';
import { valuesOf } from '../schemas/schema-values';
import { schemaOf } from './contract-lock';
import type { Finding } from './finding';

/** Outsiders rely on the schema, so the codec must accept every value that the schema accepts. */
export const schemaFindings = ({ aggregates }: Catalog): ReadonlyArray<Finding> =>
  aggregates
    .flatMap(({ events }) => [...events.values()])
    .flatMap((definition) =>
      versionsOf(definition).flatMap(({ schemaVersion, codec }) => {
        const schema = schemaOf({ codec });
        const odd = valuesOf(schema).find((value) => !codec.is(value) || refusedPath(schema, value) !== undefined);
        if (odd === undefined) return [];
        return [
          {
            subject: `${definition.type} version ${schemaVersion}`,
            problem: 'its codec rejects a value that its JSON Schema accepts',
            remedy: 'Make both agree: the schema is next to the test in the codec of the field.',
            details: [`example: ${JSON.stringify(odd)}`],
            acceptable: false,
          },
        ];
      }),
    );
