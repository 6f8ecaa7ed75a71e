/** The rules for the topics of one installation taken together. */
import { assertUnique, InvalidDeclaration, MAX_TOPIC_CHARACTERS, shownName } from './declarations';

const KAFKA_TOPIC = /^(?!\.{1,2}$)(?!__)[A-Za-z0-9._-]+$/;

/**
 * Throws {@link InvalidDeclaration} for topics that Kafka does not accept together: a name twice, a name that is too long,
 * or two names that differ only by `.` and `_`, which Kafka refuses because its metrics would mix them up.
 */
export const assertTopics = (names: ReadonlyArray<string>, where: string): void => {
  for (const name of names) {
    if (!KAFKA_TOPIC.test(name)) {
      throw new InvalidDeclaration(
        `${where}: Kafka accepts no topic ${shownName(name)}; it takes letters, digits and . _ -, but not '.', '..' or the prefix '__', which it reserves`,
      );
    }
    if (name.length <= MAX_TOPIC_CHARACTERS) continue;
    throw new InvalidDeclaration(
      `${where}: the topic ${shownName(name)} is too long; Kafka takes at most ${MAX_TOPIC_CHARACTERS} characters, including the prefix and '.dlt'`,
    );
  }
  assertUnique('topic', names, where);
  assertUnique('topic', names, `${where} (to Kafka '.' and '_' are the same)`, (name) => name.replaceAll('.', '_'));
};
