/** A topic with its partition is one type with one name and one key: infra/topic-partition.ts. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';

const root = join(__dirname, '..', '..', '..');
const HOME = join('infra', 'topic-partition.ts');

const sources = ['domain', 'infra', 'projections', 'api']
  .flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
  )
  .filter((name) => name.endsWith('.ts') && name !== HOME);

/** The ways in which it was spelt before. */
const spellings: ReadonlyArray<readonly [spelling: RegExp, replacement: string]> = [
  [/\$\{[^}]*[tT]opic[^}]*\}\/\$\{/, 'partitionName, partitionMap'],
  [/topic: string; readonly partition: number/, 'TopicPartition'],
  [/Pick<\w+, 'topic' \| 'partition'>/, 'TopicPartition'],
  [/\.topic === [\w.]+ && [\w.]+partition ===|\.partition === [\w.]+ && [\w.]+topic ===/, 'isSamePartition'],
];

const linesWith = (text: string, spelling: RegExp): ReadonlyArray<string> =>
  text.split('\n').flatMap((line, index) => (spelling.test(line) ? [`${index + 1}: ${line.trim()}`] : []));

spec('a topic with its partition', ({ test }) => {
  for (const [spelling, replacement] of spellings) {
    test(`is said with ${replacement}, and not as ${spelling.source}`, () => {
      const found = sources.flatMap((file) =>
        linesWith(readFileSync(join(root, file), 'utf8'), spelling).map((line) => `${file}:${line}`),
      );
      assert.equal(found, []);
    });
  }

  test('is found however it is spelt', () => {
    const probes = [
      'const key = `${each.topic}/${each.partition}`;',
      'at: { readonly topic: string; readonly partition: number },',
      "at: Pick<Checkpoint, 'topic' | 'partition'>,",
      'find((each) => each.topic === topic && each.partition === partition)',
    ];
    for (const [index, probe] of probes.entries()) {
      assert.is(linesWith(probe, spellings[index]?.[0] ?? /^$/).length, 1, probe);
    }
  });
});
