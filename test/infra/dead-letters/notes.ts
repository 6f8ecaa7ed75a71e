/** Notes, by the contracts of an old and of a new release, and their events. */
import * as t from 'io-ts';
import { aggregate, catalogOf, type Catalog } from '../../../domain/kernel/aggregate';
import { constrained, field } from '../../../domain/kernel/codec';
import type { Command } from '../../../domain/kernel/command-definition';
import { nothingToChange } from '../../../domain/kernel/decider';
import { defineEvent, earlierVersion, type EventOf } from '../../../domain/kernel/event-definition';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';

/** The texts that the old release accepts; the new one accepts any. */
const Short = constrained('short text', (value): value is string => typeof value === 'string' && value.length < 10, {
  type: 'string',
});

const origin = { owner: 'tests', since: '2018-01-01' };

const noteCatalog = (topic: string, schemaVersion: 1 | 2, text: t.Type<string>, withErased: boolean): Catalog => {
  const fields = { text: field(text, 'What it says.') };
  // The new release reads events of the old one through an upcast.
  const first = earlierVersion({
    type: 'NoteTaken',
    schemaVersion: 1,
    meaning: 'A note was taken.',
    fields,
    next: fields,
    since: '2018-01-01',
    deprecated: '2019-01-01',
    sunset: '2020-01-01',
    upcast: (data) => data,
  });
  const NoteTaken = defineEvent('NoteTaken', {
    ...origin,
    schemaVersion,
    meaning: 'A note was taken.',
    fields,
    earlier: schemaVersion === 1 ? [] : [first],
  });
  const NoteErased = defineEvent('NoteErased', {
    ...origin,
    schemaVersion: 1,
    meaning: 'A note was erased.',
    fields: {},
  });
  return catalogOf([
    aggregate<Command, null, EventOf<typeof NoteTaken> | EventOf<typeof NoteErased>>({
      category: 'note',
      path: 'notes',
      meaning: 'Notes.',
      topic: {
        name: topic,
        partitions: 2,
        retention: 'forever',
        key: { is: 'the note', because: 'a test', concurrency: 'x', skew: 'x' },
      },
      events: withErased ? [NoteTaken, NoteErased] : [NoteTaken],
      commands: [],
      decider: { decide: () => nothingToChange, evolve: (state) => state, initialState: null },
    }),
  ]);
};

/** An old release that lacks some contracts, and a new one; both write to this topic. */
export const noteReleases = (topic: string): { readonly old: Catalog; readonly new: Catalog } => ({
  old: noteCatalog(topic, 1, Short, false),
  new: noteCatalog(topic, 2, t.string, true),
});

export const { old: oldRelease, new: newRelease } = noteReleases('notes');

/** An event of a note, without its position. */
export interface NoteEvent {
  readonly stream: string;
  readonly type?: string;
  readonly schemaVersion?: number;
  readonly text?: string;
}

/** Makes stored events. */
export const storedNotes = (story: ReadonlyArray<NoteEvent>): ReadonlyArray<StoredEvent> => {
  const versions = new Map<string, number>();
  return story.map(({ stream, type = 'NoteTaken', schemaVersion = 1, text = 'short' }, index) => {
    const version = (versions.get(stream) ?? 0) + 1;
    versions.set(stream, version);
    return {
      id: `${stream}@${version}`,
      stream,
      version,
      position: index + 1,
      type,
      schemaVersion,
      recordedAt: '2018-03-01T12:30:45.678Z',
      correlationId: `correlation of ${stream}`,
      causationId: 'a request',
      actor: 'tester',
      payload: JSON.stringify(type === 'NoteTaken' ? { text } : {}),
    };
  });
};
