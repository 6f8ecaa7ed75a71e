/** Laws that every application has to keep, ready to be tried on one: replays, interleavings, and codecs. */
import { isLeft } from 'fp-ts/Either';
import type { Aggregate, Fold } from '../../domain/kernel/aggregate';
import type { AnyRecord } from '../../domain/kernel/codec';
import type { Command } from '../../domain/kernel/command-definition';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import { upcast, validate, versionsOf } from '../../domain/kernel/event-versions';
import type { AnyProcessManager } from '../../domain/kernel/process-manager';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import type { Application } from '../application';
import { withFrozenInputs } from '../frozen-application';
import type { Projection, Row } from '../projection';
import { AssertionError, assertEqual } from './assertion';
import { forAnyChoices, type Choices, type PropertyOptions } from './choices';
import { memoryProcesses } from './processes';
import { randomValue } from './random-values';
import { historyText, interleaved, randomHistory } from './random-histories';
import { EventNotApplied, memoryView } from './rows';
import { manualClock } from './test-clock';

/** A law, to be registered with any test runner. */
export interface Property {
  readonly sentence: string;
  /** Throws AssertionError with the history that breaks the law. */
  readonly check: () => void;
}

/**
 * The laws of an application, each as a test.
 *
 * Histories come from the application's own aggregates: random commands, made from the codecs, over few ids.
 *
 * @example
 * ```ts
 * for (const { sentence, check } of propertiesOf(application, { fastCheck: fc })) test(sentence, check);
 * ```
 */
export const propertiesOf = (declared: Application, options: PropertyOptions = {}): ReadonlyArray<Property> => {
  const application = withFrozenInputs(declared);
  const history = randomHistory(application.catalog);
  const law = (sentence: string, check: (choices: Choices) => void): Property => ({
    sentence,
    check: () => forAnyChoices(options, check),
  });
  const { aggregates } = application.catalog;
  return [
    ...aggregates.flatMap((aggregate) => [
      law(`${aggregate.category}: the same events fold to the same state, and decide the same`, (choices) =>
        assertSameFold(aggregate, history(choices)),
      ),
      ...[...aggregate.events.values()].flatMap(codecLaws).map(([sentence, check]) => law(sentence, check)),
      ...[...aggregate.commands.values()].map(({ type, codec }) =>
        law(`${aggregate.category}/${type}: its body comes back from JSON as it was`, roundTrip(codec)),
      ),
    ]),
    ...application.projections.flatMap((projection) => [
      law(`${projection.name}: replayed twice, the rows are equal`, (choices) =>
        assertSameRows(projection, history(choices)),
      ),
      law(`${projection.name}: in any interleaving of the streams, the rows are equal`, (choices) => {
        const events = history(choices);
        assertSameRows(projection, events, interleaved(events, choices));
      }),
    ]),
    ...application.processManagers.flatMap((manager) => [
      law(`${manager.name}: replayed twice, the commands are equal`, (choices) =>
        assertSameCommands(manager, history(choices)),
      ),
      law(`${manager.name}: in any interleaving of the streams, one command id has one body`, (choices) => {
        const events = history(choices);
        assertOneBody(manager, events, interleaved(events, choices));
      }),
    ]),
  ];
};

// -------------------------------------------------------------------------------------
// Aggregates
// -------------------------------------------------------------------------------------

const assertSameFold = (aggregate: Aggregate, history: ReadonlyArray<RecordedEvent>): void => {
  for (const stream of new Set(history.map((event) => event.stream))) {
    if (!stream.startsWith(`${aggregate.category}-`)) continue;
    const events = history.filter((event) => event.stream === stream);
    const [one, other] = [foldIn(aggregate, events), foldIn(aggregate, events)];
    assertEqual(other.state, one.state, `${aggregate.category}: another state comes of\n${historyText(events)}`);
    for (const { type, codec, example } of aggregate.commands.values()) {
      if (!codec.is(example)) continue;
      const command: Command = { type, id: 'a', data: example };
      const where = `${aggregate.category}: '${type}' is decided in another way after\n${historyText(events)}`;
      assertEqual(other.decide(command), one.decide(command), where);
    }
  }
};

const foldIn = (aggregate: Aggregate, events: ReadonlyArray<RecordedEvent>): Fold =>
  events.reduce((fold, { type, data }) => fold.apply({ type, data }), aggregate.emptyFold);

// -------------------------------------------------------------------------------------
// Codecs
// -------------------------------------------------------------------------------------

type Law = readonly [sentence: string, check: (choices: Choices) => void];

const codecLaws = (definition: AnyEventDefinition): ReadonlyArray<Law> =>
  versionsOf(definition).flatMap(({ type, schemaVersion, codec }): ReadonlyArray<Law> => {
    const own: Law = [`${type} version ${schemaVersion}: it comes back from JSON as it was`, roundTrip(codec)];
    if (schemaVersion === definition.schemaVersion) return [own];
    const readable: Law = [
      `${type} version ${schemaVersion}: it can be read as version ${definition.schemaVersion}`,
      (choices) => {
        const data = randomValue(codec, choices);
        const newest = upcast(definition, schemaVersion, data);
        if (isLeft(newest)) throw new AssertionError(`${type} version ${schemaVersion}: ${newest.left}`, data);
      },
    ];
    return [own, readable];
  });

const roundTrip =
  (codec: AnyRecord) =>
  (choices: Choices): void => {
    const read = validate(codec, randomValue(codec, choices));
    // The schema says less than the codec where two fields depend on each other.
    if (isLeft(read)) return;
    const encoded: unknown = codec.encode(read.right);
    const json = JSON.stringify(encoded);
    const again = validate(codec, JSON.parse(json));
    if (isLeft(again)) throw new AssertionError(`${codec.name}: its own JSON ${json} is not valid: ${again.left}`);
    assertEqual(again.right, read.right, `${codec.name} does not come back from JSON as it was:`);
  };

// -------------------------------------------------------------------------------------
// Projections
// -------------------------------------------------------------------------------------

const assertSameRows = (
  projection: Projection,
  history: ReadonlyArray<RecordedEvent>,
  other: ReadonlyArray<RecordedEvent> = history,
): void => {
  const orders =
    other === history ? historyText(history) : `${historyText(history)}\nand in the order of\n${historyText(other)}`;
  assertEqual(
    rowsAfter(projection, other),
    rowsAfter(projection, history),
    `${projection.name}: other rows come of\n${orders}`,
  );
};

/** As in an installation, the stream of an event that is rejected is quarantined: none of its later events is applied. */
const rowsAfter = (projection: Projection, history: ReadonlyArray<RecordedEvent>): ReadonlyArray<Row> => {
  const view = memoryView(projection);
  const quarantined = new Set<string>();
  for (const event of history) {
    if (quarantined.has(event.stream)) continue;
    try {
      view.apply(event);
    } catch (error) {
      if (!(error instanceof EventNotApplied) || error.failure.class !== 'rejected') throw error;
      quarantined.add(event.stream);
    }
  }
  return view.rows();
};

// -------------------------------------------------------------------------------------
// Process managers
// -------------------------------------------------------------------------------------

/** The commands by id, after all events, and after all deadlines that they set. */
const commandsAfter = (
  manager: AnyProcessManager,
  history: ReadonlyArray<RecordedEvent>,
): ReadonlyMap<string, unknown> => {
  const processes = memoryProcesses(manager, manualClock());
  const issued = history.flatMap(processes.applyEvent);
  // A deadline that sets another one without end would never let this come to an end.
  for (let count = 0; count < history.length + 1; count += 1) {
    issued.push(...processes.deadlines().flatMap(processes.applyDeadline));
  }
  return new Map(
    issued.map(({ command }) => [
      command.id,
      { type: command.type, aggregateId: command.aggregateId, data: command.data },
    ]),
  );
};

const assertSameCommands = (manager: AnyProcessManager, history: ReadonlyArray<RecordedEvent>): void =>
  assertEqual(
    commandsAfter(manager, history),
    commandsAfter(manager, history),
    `${manager.name}: other commands come of\n${historyText(history)}`,
  );

const assertOneBody = (
  manager: AnyProcessManager,
  history: ReadonlyArray<RecordedEvent>,
  other: ReadonlyArray<RecordedEvent>,
): void => {
  const one = commandsAfter(manager, history);
  for (const [id, command] of commandsAfter(manager, other)) {
    if (!one.has(id)) continue;
    const orders = `${historyText(history)}\nand in the order of\n${historyText(other)}`;
    assertEqual(command, one.get(id), `${manager.name}: the command '${id}' has another body after\n${orders}`);
  }
};
