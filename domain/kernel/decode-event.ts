/**
 * From a stored or received event to a domain event: find the contract, also by a former name; bring the payload to the
 * newest version; check it. The same for the store, Kafka and dead letters.
 */
import * as E from 'fp-ts/Either';
import type { Catalog } from './aggregate';
import type { AnyEventDefinition } from './event-definition';
import { checkedBy, upcast, versionsOf } from './event-versions';
import type { EventEnvelope, RecordedEvent } from './recorded-event';

/** Why an event can't be read. */
export type ContractFailure =
  | { readonly _tag: 'UnknownContract'; readonly reason: string }
  | { readonly _tag: 'MalformedEvent'; readonly reason: string };

/**
 * Reads the payload with the contract that the envelope names. The answer has the newest name and the newest version's
 * payload, whatever was written.
 */
export const decodeEvent =
  (catalog: Catalog) =>
  (envelope: EventEnvelope, data: unknown): E.Either<ContractFailure, RecordedEvent> => {
    const definition = catalog.eventDefinition(envelope.type);
    if (definition === undefined) return unknownContract(`no contract is named '${envelope.type}'`);
    const { type, schemaVersion, codec } = definition;
    if (envelope.schemaVersion === schemaVersion && envelope.type === type) {
      const checked = checkedBy(codec, data);
      return E.isLeft(checked) ? malformed(checked.left) : E.right({ ...envelope, data: checked.right });
    }
    const unknown = unknownVersion(definition, envelope);
    if (unknown !== undefined) return unknownContract(unknown);
    const newest = upcast(definition, envelope.schemaVersion, data);
    return E.isLeft(newest)
      ? malformed(newest.left)
      : E.right({ ...envelope, type, schemaVersion, data: newest.right });
  };

/** Undefined for a version that is in the chain under the name that it was written by. */
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
