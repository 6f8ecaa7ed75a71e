/** Checks the definitions of a program as a whole; each definition was checked by itself where it is declared. */
import { topicNames, type Catalog } from '../../domain/kernel/aggregate';
import { InvalidDeclaration } from '../../domain/kernel/declarations';
import { assertTopics } from '../../domain/kernel/topic-names';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import { deadLetterTopic } from '../../infra/consumption/loop/loop';

/** A consumer group of the program: a projection, a process manager, or an effect. */
interface Group {
  readonly name: string;
  readonly handles: ReadonlyArray<AnyEventDefinition>;
}

export interface ProgramDefinitions {
  /** With the installation's topic prefix applied. */
  readonly catalog: Catalog;
  readonly topicPrefix: string;
  /** The topic of the heartbeats. */
  readonly heartbeatTopic: string;
  readonly projections: ReadonlyArray<Group>;
  readonly processManagers: ReadonlyArray<Group>;
  readonly effects?: ReadonlyArray<Group>;
}

/** Throws InvalidDeclaration if the definitions contradict each other. */
export const assertProgram = (definitions: ProgramDefinitions): void => {
  const { catalog, topicPrefix, heartbeatTopic, projections, processManagers, effects = [] } = definitions;
  const names = new Set(projections.map(({ name }) => name));
  const shared = processManagers.find(({ name }) => names.has(name));
  if (shared !== undefined) {
    throw new InvalidDeclaration(
      `the process manager ${shared.name} has the name of a projection; both are consumer groups: rename one of them`,
    );
  }
  const others = new Set([...projections, ...processManagers].map(({ name }) => name));
  const sharedEffect = effects.find(({ name }) => others.has(name));
  if (sharedEffect !== undefined) {
    throw new InvalidDeclaration(
      `the effect ${sharedEffect.name} has the name of a projection or a process manager; all are consumer groups: rename one of them`,
    );
  }
  const groups = [...projections, ...processManagers, ...effects];
  for (const { name, handles } of groups) {
    for (const { type } of handles) {
      if (catalog.eventDefinition(type) !== undefined) continue;
      throw new InvalidDeclaration(`${name} handles ${type}, which is not an event of any aggregate of the program`);
    }
  }
  assertTopics(
    [
      ...catalog.aggregates.flatMap(({ topic }) => topicNames(topic)),
      ...groups.map(({ name }) => deadLetterTopic(topicPrefix, name)),
      heartbeatTopic,
    ],
    topicPrefix === '' ? 'the program' : `the program with KAFKA_TOPIC_PREFIX '${topicPrefix}'`,
  );
};
