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
  [/interface [^{]+\{[^{}]*\btopic: string;[^{}]*\bpartition: number;/, 'extends TopicPartition'],
  [/Pick<\w+, 'topic' \| 'partition'>/, 'TopicPartition'],
  [/\.topic === [\w.]+ && [\w.]+partition ===|\.partition === [\w.]+ && [\w.]+topic ===/, 'isSamePartition'],
];

const linesWith = (text: string, spelling: RegExp): ReadonlyArray<string> =>
  [...text.matchAll(new RegExp(spelling, 'g'))].map(({ index, 0: found }) => {
    const line = text.slice(0, index).split('\n').length;
    return `${line}: ${found.split('\n', 1).join('').trim()}`;
  });

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
      'interface Place {\n  readonly topic: string;\n  readonly offset: number;\n  readonly partition: number;\n}',
      "at: Pick<Checkpoint, 'topic' | 'partition'>,",
      'find((each) => each.topic === topic && each.partition === partition)',
    ];
    for (const [index, probe] of probes.entries()) {
      assert.is(linesWith(probe, spellings[index]?.[0] ?? /^$/).length, 1, probe);
    }
  });
});
