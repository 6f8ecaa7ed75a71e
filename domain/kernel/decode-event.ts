/** From a stored or received event to a domain event: find the contract, check the payload. The same for every source. */
import * as E from 'fp-ts/Either';
import type * as t from 'io-ts';
import type { Catalog } from './aggregate';
import { explain } from './explain';
import type { EventEnvelope, RecordedEvent } from './recorded-event';

/** Why an event can't be read. */
export type ContractFailure =
  | { readonly _tag: 'UnknownContract'; readonly reason: string }
  | { readonly _tag: 'MalformedEvent'; readonly reason: string };

/** Reads the payload with the contract that the envelope names. */
export const decodeEvent =
  (catalog: Catalog) =>
  (envelope: EventEnvelope, data: unknown): E.Either<ContractFailure, RecordedEvent> => {
    const definition = catalog.eventDefinition(envelope.type);
    if (definition === undefined) return unknownContract(`no contract is named '${envelope.type}'`);
    if (envelope.schemaVersion > definition.schemaVersion) {
      return unknownContract(
        `${envelope.type} has schema version ${envelope.schemaVersion}; this program knows up to ${definition.schemaVersion}`,
      );
    }
    const codec: t.Mixed = definition.codec;
    // `is` costs a fifth of `decode`, and nearly every event passes; `decode` explains the one that does not.
    if (codec.is(data)) return E.right({ ...envelope, data: data as unknown });
    const decoded = codec.decode(data);
    if (E.isLeft(decoded))
      return E.left({ _tag: 'MalformedEvent', reason: explain(decoded.left).map(sentence).join('; ') });
    return E.right({ ...envelope, data: decoded.right as unknown });
  };

const unknownContract = (reason: string): E.Either<ContractFailure, never> =>
  E.left({ _tag: 'UnknownContract', reason });

const sentence = (failure: { readonly path: string; readonly message: string }): string =>
  `${failure.path}: ${failure.message}`;
