/** From decided events to events that are ready for the store: the schema version, and a last look at the contract. */
import * as E from 'fp-ts/Either';
import type * as t from 'io-ts';
import type { Aggregate } from '../../domain/kernel/aggregate';
import type { DomainEvent } from '../../domain/kernel/event-definition';
import type { NewEvent } from '../../domain/kernel/event-store';
import { explain } from '../../domain/kernel/explain';

/** An aggregate decided an event that its own contract does not allow: a defect, and nothing of it is stored. */
export class EventBreaksContract extends Error {
  override readonly name = 'EventBreaksContract';
}

/** Throws {@link EventBreaksContract}: once stored, an event that can't be read would close its stream for good. */
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
