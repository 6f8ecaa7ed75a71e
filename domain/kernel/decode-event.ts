/**
 * Turns a stored or received event into a domain event: finds the contract, also by an earlier name, upcasts the payload
 * to the newest version and validates it. Used for the store, Kafka and dead letters.
 */
import * as E from 'fp-ts/Either';
import type { Catalog } from './aggregate';
import type { AnyEventDefinition } from './event-definition';
import { upcast, validate, versionsOf } from './event-versions';
import type { EventEnvelope, RecordedEvent } from './recorded-event';

/** Why an event can't be read. */
export type ContractFailure =
  | { readonly _tag: 'UnknownContract'; readonly reason: string }
  | { readonly _tag: 'MalformedEvent'; readonly reason: string };

/**
 * Reads the payload with the contract that the envelope names. The result has the newest name and the payload of the
 * newest version, whichever version was written.
 */
export const decodeEvent =
  (catalog: Catalog) =>
  (envelope: EventEnvelope, data: unknown): E.Either<ContractFailure, RecordedEvent> => {
    const definition = catalog.eventDefinition(envelope.type);
    if (definition === undefined) return unknownContract(`no contract is named '${envelope.type}'`);
    const { type, schemaVersion, codec } = definition;
    if (envelope.schemaVersion === schemaVersion && envelope.type === type) {
      const checked = validate(codec, data);
      return E.isLeft(checked) ? malformed(checked.left) : E.right({ ...envelope, data: checked.right });
    }
    const unknown = unknownVersion(definition, envelope);
    if (unknown !== undefined) return unknownContract(unknown);
    const newest = upcast(definition, envelope.schemaVersion, data);
    return E.isLeft(newest)
      ? malformed(newest.left)
      : E.right({ ...envelope, type, schemaVersion, data: newest.right });
  };

/** Why the version is unknown; undefined for one that is in the chain under the name in the envelope. */
const unknownVersion = (definition: AnyEventDefinition, { type, schemaVersion }: EventEnvelope): string | undefined => {
  if (schemaVersion > definition.schemaVersion) {
    return `${type} has schema version ${schemaVersion}; this program knows up to ${definition.schemaVersion}`;
  }
  const versions = versionsOf(definition);
  const named = versions.find((each) => each.schemaVersion === schemaVersion);
  if (named?.type === type) return undefined;
  if (named !== undefined) return `schema version ${schemaVersion} is called '${named.type}', not '${type}'`;
  const known = versions.map((each) => each.schemaVersion).join(', ');
  return `${type} has no schema version ${schemaVersion}; this program knows ${known}`;
};

const unknownContract = (reason: string): E.Either<ContractFailure, never> =>
  E.left({ _tag: 'UnknownContract', reason });

const malformed = (reason: string): E.Either<ContractFailure, never> => E.left({ _tag: 'MalformedEvent', reason });
