/** What an application that declares other partition counts is told about the embedded broker. */
import * as assert from 'uvu/assert';
import { embeddedMismatch } from '../../../infra/kafka/embedded/embedded-partitions';
import { withApplicationNamed } from '../../../api/program/application';
import { spec } from '../../spec';

spec('the partitions of the embedded broker', ({ test }) => {
  test('serve topics that are declared with four', () => {
    assert.is(embeddedMismatch([{ name: 'loans', partitions: 4 }]), undefined);
  });

  test('are named beside every topic that is declared with another number', () => {
    const topics = [
      { name: 'loans', partitions: 6 },
      { name: 'copies', partitions: 4 },
      { name: 'members', partitions: 1 },
    ];
    const sentence = embeddedMismatch(topics) ?? '';
    assert.match(sentence, /loans is declared with 6 partitions, the topic members is declared with 1 partitions/);
    assert.match(sentence, /embedded broker gives every topic 4: declare 4 .* KAFKA_BROKERS/);
    assert.not.match(sentence, /copies/);
  });
});

spec('the commands that a message names', ({ test }) => {
  const message = "'npx tidemark contracts accept' records it; 'tidemark contracts check' shows it";

  test('name the application where the command line had to name it', () => {
    assert.is(
      withApplicationNamed({ named: 'build/shop.js' }, message),
      "'npx tidemark --app build/shop.js contracts accept' records it; 'tidemark --app build/shop.js contracts check' shows it",
    );
  });

  test('are as they are where the application is found without being named', () => {
    assert.is(withApplicationNamed({}, message), message);
  });
});
