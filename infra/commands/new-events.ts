/** Prepares decided events for the store: adds the schema version, and checks the contract. */
import * as E from 'fp-ts/Either';
import type * as t from 'io-ts';
import type { Aggregate } from '../../domain/kernel/aggregate';
import type { DomainEvent } from '../../domain/kernel/event-definition';
import type { NewEvent } from '../../domain/kernel/event-store';
import { explain } from '../../domain/kernel/explain';

/** An aggregate decided an event that violates its own contract: a defect; nothing is stored. */
export class EventBreaksContract extends Error {
  override readonly name = 'EventBreaksContract';
}

/** Throws {@link EventBreaksContract}: a stored event that can't be read would make its stream unusable. */
export const newEventsOf = (aggregate: Aggregate, events: ReadonlyArray<DomainEvent>): ReadonlyArray<NewEvent> =>
  events.map(({ type, data }) => {
    const definition = aggregate.events.get(type);
    if (definition === undefined) {
      throw new EventBreaksContract(`${aggregate.category} decided ${type}, which its definition does not list`);
    }
    const codec: t.Mixed = definition.codec;
    if (!codec.is(data))
      throw new EventBreaksContract(`${aggregate.category} decided ${type}: ${failures(codec, data)}`);
    return { type, schemaVersion: definition.schemaVersion, data: data as unknown };
  });

const failures = (codec: t.Mixed, data: unknown): string => {
  const decoded = codec.decode(data);
  if (E.isRight(decoded)) return 'its payload does not pass its codec';
  return explain(decoded.left)
    .map(({ path, message }) => `${path} ${message}`)
    .join('; ');
};
