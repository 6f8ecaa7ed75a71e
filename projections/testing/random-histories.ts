/** Random histories of an application: what its own aggregates decide on random commands, over few ids, so that they meet. */
import { isLeft } from 'fp-ts/Either';
import type { Aggregate, Catalog, Fold } from '../../domain/kernel/aggregate';
import type { AnyCommandDefinition } from '../../domain/kernel/command-definition';
import type { DomainEvent } from '../../domain/kernel/event-definition';
import { streamName, type RecordedEvent } from '../../domain/kernel/recorded-event';
import { shown } from './assertion';
import type { Choices } from './choices';
import { historyRecorder, inStream } from './history';
import { randomValue } from './random-values';
import { START_MS } from './test-clock';

/** Also the values of identifiers in random bodies, so that streams refer to each other. */
const IDS = ['a', 'A'];
const MAX_COMMANDS = 60;
const MS_BETWEEN_EVENTS = 1_000;

/** A random history, in the order in which it was decided. Throws whatever the aggregates throw. */
export const randomHistory = (catalog: Catalog): ((choices: Choices) => ReadonlyArray<RecordedEvent>) => {
  const { aggregates } = catalog;
  const definitions = aggregates.flatMap(({ events }) => [...events.values()]);
  return (choices) => {
    let nowMs = START_MS;
    const record = historyRecorder({
      definitions,
      owner: 'the application',
      nowMs: () => (nowMs += MS_BETWEEN_EVENTS),
    });
    const folds = new Map<string, Fold>();
    const history: RecordedEvent[] = [];
    for (let count = 0; count < MAX_COMMANDS && !choices.isEmpty(); count += 1) {
      const aggregate = aggregates[choices.below(aggregates.length)];
      if (aggregate === undefined) break;
      const id = IDS[choices.below(IDS.length)] ?? '';
      const stream = streamName(aggregate.category, id);
      const fold = folds.get(stream) ?? aggregate.emptyFold;
      const events = decided(aggregate, fold, id, choices);
      folds.set(
        stream,
        events.reduce((before, event) => before.apply(event), fold),
      );
      history.push(...record([inStream(stream, ...events)]));
    }
    return history;
  };
};

/** What one random command causes; nothing where it is rejected. */
const decided = (aggregate: Aggregate, fold: Fold, id: string, choices: Choices): ReadonlyArray<DomainEvent> => {
  const commands = [...aggregate.commands.values()];
  const command = commands[choices.below(commands.length)];
  const data = command === undefined ? undefined : bodyFor(command, choices);
  if (command === undefined || data === undefined) return [];
  const decision = fold.decide({ type: command.type, id, data });
  return isLeft(decision) ? [] : decision.right;
};

/** The example every now and then: it is the one body that is known to make sense. */
const bodyFor = ({ codec, example }: AnyCommandDefinition, choices: Choices): unknown => {
  const isExample = choices.below(3) === 0;
  const body = isExample ? example : randomValue(codec, choices);
  return codec.is(body) ? body : undefined;
};

/** The same events in another order, in which each stream keeps its own. */
export const interleaved = (history: ReadonlyArray<RecordedEvent>, choices: Choices): ReadonlyArray<RecordedEvent> => {
  const streams = new Map<string, RecordedEvent[]>();
  for (const event of history) {
    const rest = streams.get(event.stream);
    if (rest === undefined) streams.set(event.stream, [event]);
    else rest.push(event);
  }
  const rests = [...streams.values()];
  const order: RecordedEvent[] = [];
  while (rests.length > 0) {
    const index = choices.below(rests.length);
    const rest = rests[index] ?? [];
    const event = rest.shift();
    if (event !== undefined) order.push(event);
    if (rest.length === 0) rests.splice(index, 1);
  }
  return order;
};

/** A history as messages show it. */
export const historyText = (history: ReadonlyArray<RecordedEvent>): string =>
  history.map(({ id, type, data }) => `  ${id} ${type} ${shown(data)}`).join('\n');
