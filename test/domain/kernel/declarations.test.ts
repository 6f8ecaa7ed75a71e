/** Names are checked where they are declared, by the rules of the places where they end up. */
import * as assert from 'uvu/assert';
import { assertProgram } from '../../../api/program/assert-program';
import { withTopicPrefix } from '../../../domain/kernel/topic-prefix';
import { application } from '../../../projections/fulfilment/application';
import { aggregate, catalogOf, type Aggregate } from '../../../domain/kernel/aggregate';
import { field } from '../../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../../domain/kernel/command-definition';
import { nothingToChange } from '../../../domain/kernel/decider';
import { InvalidDeclaration } from '../../../domain/kernel/declarations';
import { defineEvent, type EventOf } from '../../../domain/kernel/event-definition';
import { processManagersOf, type ProcessManager } from '../../../domain/kernel/process-manager';
import type { Topic } from '../../../domain/kernel/topic';
import { Text } from '../../../domain/kernel/values';
import { defineProjection, integer, projectionsOf, text } from '../../../projections/projection';
import { spec } from '../../spec';

const { catalog, processManagers, projections } = application;

const origin = { owner: 'tests', since: '2026-01-01' };
const CardIssued = defineEvent('CardIssued', {
  ...origin,
  schemaVersion: 1,
  meaning: 'A card was issued.',
  fields: {},
});
const issue = defineCommand('issue', { meaning: 'Issues a card.', fields: {}, example: {} });

interface Names {
  readonly category?: string;
  readonly path?: string;
  readonly topic?: Partial<Topic>;
  readonly events?: ReadonlyArray<typeof CardIssued>;
  readonly commands?: ReadonlyArray<typeof issue>;
}

const card = ({ category = 'card', path = 'cards', topic, events, commands }: Names): Aggregate =>
  aggregate<CommandOf<typeof issue>, null, EventOf<typeof CardIssued>>({
    category,
    path,
    meaning: 'A gift card.',
    topic: {
      name: 'cards',
      partitions: 4,
      retention: 'forever',
      key: { is: 'the card', because: 'x', concurrency: 'x', skew: 'x' },
      ...topic,
    },
    events: events ?? [CardIssued],
    commands: commands ?? [issue],
    decider: { initialState: null, decide: () => nothingToChange, evolve: () => null },
  });

const view = (columns: ReadonlyArray<string>, name = 'cards-by-day') =>
  defineProjection({
    name,
    version: 1,
    meaning: 'One row per day.',
    view: { key: { day: text('The day.') }, columns: Object.fromEntries(columns.map((each) => [each, integer('A.')])) },
    handles: [CardIssued],
    project: () => [],
  });

const refusal = (declare: () => unknown): string => {
  try {
    declare();
  } catch (error) {
    assert.instance(error, InvalidDeclaration);
    return (error as Error).message;
  }
  throw new Error('it was taken');
};

const hostile = [
  '',
  ' ',
  '.',
  '..',
  'a/b',
  '../a',
  'a b',
  "a'; DROP TABLE events; --",
  'a"b',
  'a\nb',
  'ä',
  'a%2e',
  '-a',
];
const ofNoText = [null, 7, {}] as unknown as ReadonlyArray<string>;

spec('a declared name', ({ test }) => {
  test('of an aggregate fits a stream, whose name has its category before the first dash', () => {
    for (const category of [
      'gift-card',
      'GiftCard',
      'Card',
      '7card',
      '_card',
      'card_',
      'a'.repeat(65),
      ...hostile,
      ...ofNoText,
    ])
      assert.match(
        refusal(() => card({ category })),
        /^an aggregate: .* can't be a category; it takes lower-case letters/,
      );
    for (const category of ['card', 'gift_card', 'card2', 'a'.repeat(64)]) card({ category });
  });

  test('of a path fits a URL, and is not a route of the program', () => {
    for (const path of ['Cards', 'cards.json', 'gift_cards', 'cards-', 'a'.repeat(65), ...hostile, ...ofNoText])
      assert.match(
        refusal(() => card({ path })),
        /^the aggregate 'card': .* can't be a path; it takes kebab-case/,
      );
    for (const path of [
      'views',
      'ops',
      'streams',
      'health',
      'docs',
      'metrics',
      'console',
      'schemas',
      'problems',
      'openapi',
    ])
      assert.match(
        refusal(() => card({ path })),
        /that name is taken by the program's own address/,
      );
    for (const path of ['cards', 'gift-cards', 'stock']) card({ path });
  });

  test('of a topic is one that Kafka accepts', () => {
    for (const name of [
      'orders.dlt',
      '__consumer_offsets',
      '__mine',
      'a:b',
      'a'.repeat(250),
      ...hostile.filter((each) => each !== '-a'),
      ...ofNoText,
    ]) {
      assert.match(
        refusal(() => card({ topic: { name } })),
        /can't be a topic/,
      );
      assert.match(
        refusal(() => card({ topic: { earlier: [{ name, partitions: 1 }] } })),
        /can't be a topic/,
      );
    }
    for (const partitions of [0, -1, 1.5, Number.NaN, 1e9])
      assert.match(
        refusal(() => card({ topic: { partitions } })),
        /number of partitions of the topic cards is .*; it takes an integer/,
      );
    assert.match(
      refusal(() => card({ topic: { retention: { ms: -1 } } })),
      /the retention of the topic cards/,
    );
    for (const name of ['cards', 'cards-2', 'my.cards', 'a'.repeat(249)]) card({ topic: { name } });
  });

  test('of a topic is not too long with its prefix, nor the same to Kafka as another', () => {
    const long = catalogOf([card({ topic: { name: 'c'.repeat(200) } })]);
    withTopicPrefix(long, 'p'.repeat(49));
    assert.match(
      refusal(() => withTopicPrefix(long, 'p'.repeat(50))),
      /is too long; Kafka takes at most 249/,
    );
    for (const prefix of ['__', 'a/', ' '])
      assert.match(
        refusal(() => withTopicPrefix(long, prefix)),
        /Kafka accepts no topic/,
      );
    const other = { category: 'other', path: 'others', events: [], commands: [] };
    const pair = (one: string, two: string) => () =>
      catalogOf([card({ topic: { name: one } }), card({ ...other, topic: { name: two } })]);
    assert.match(refusal(pair('cards', 'cards')), /names the topic 'cards' twice/);
    assert.match(refusal(pair('my.cards', 'my_cards')), /'my_cards' and also 'my.cards', which is the same name/);
    const earlier = [{ name: 'cards', partitions: 1 }];
    assert.match(
      refusal(() => catalogOf([card({}), card({ ...other, topic: { name: 'others', earlier } })])),
      /names the topic 'cards' twice/,
    );
  });

  test('is declared once: an event or a command of an aggregate, a category, a path', () => {
    assert.match(
      refusal(() => card({ events: [CardIssued, CardIssued] })),
      /names the event type 'CardIssued' twice/,
    );
    assert.match(
      refusal(() => card({ commands: [issue, issue] })),
      /names the command 'issue' twice/,
    );
    assert.match(
      refusal(() => catalogOf([card({}), card({})])),
      /the catalog names the category 'card' twice/,
    );
    assert.match(
      refusal(() => catalogOf([card({}), card({ category: 'other', topic: { name: 'others' } })])),
      /the catalog names the path 'cards' twice/,
    );
  });

  test('of an event, a command and a field fits schemas, URLs and objects', () => {
    const event = (type: string, schemaVersion = 1, fields: Readonly<Record<string, ReturnType<typeof field>>> = {}) =>
      defineEvent(type, { ...origin, schemaVersion, meaning: 'x', fields });
    for (const type of ['cardIssued', 'Card-Issued', 'Card_Issued', 'A'.repeat(101), ...hostile, ...ofNoText])
      assert.match(
        refusal(() => event(type)),
        /can't be an event type; it takes PascalCase/,
      );
    for (const version of [0, -1, 1.5, Number.NaN])
      assert.match(
        refusal(() => event('CardIssued', version)),
        /schemaVersion is .*; it takes an integer from 1/,
      );
    for (const name of ['constructor', 'a.b', 'a/b', '', '1a', '__proto__'])
      assert.match(
        refusal(() => event('CardIssued', 1, Object.fromEntries([[name, field(Text, 'A text.')]]))),
        /^the event CardIssued: .* can't be a field/,
      );
    for (const type of ['Issue', 'issue_card', 'issue/card', 'issue-', ...hostile, ...ofNoText])
      assert.match(
        refusal(() => defineCommand(type, { meaning: 'x', fields: {}, example: {} })),
        /can't be a command; it takes kebab-case/,
      );
  });

  test('of a projection and of its columns fits a table, a list and its rows', () => {
    for (const name of ['Cards', 'cards@friday', 'cards#1', 'cards_by_day', 'a'.repeat(101), ...hostile, ...ofNoText])
      assert.match(
        refusal(() => view(['sum'], name)),
        /can't be a projection; it takes kebab-case/,
      );
    for (const column of [
      'stale',
      'limit',
      'cursor',
      'sort',
      'columns',
      'wait',
      '_',
      '_sum',
      'Sum',
      'sum-total',
      ...hostile,
    ])
      assert.match(
        refusal(() => view([column])),
        /^the projection cards-by-day: .* can't be a column/,
      );
    assert.match(
      refusal(() => view(['sum', 'suM'])),
      /'suM' and also 'sum', which is the same name/,
    );
    assert.match(
      refusal(() => projectionsOf([view(['a']), view(['b'])])),
      /names the projection 'cards-by-day' twice/,
    );
  });

  const process = (name: string, version = 1): ProcessManager<null> => ({
    name,
    version,
    meaning: 'x',
    handles: [CardIssued],
    instanceOf: () => undefined,
    initialState: null,
    step: () => ({ state: null, commands: [] }),
  });

  test('of a process manager fits a consumer group', () => {
    for (const name of ['Refunds', 're_funds', ...hostile, ...ofNoText])
      assert.match(
        refusal(() => processManagersOf([process(name)])),
        /can't be a process manager/,
      );
    assert.match(
      refusal(() => processManagersOf([process('refunds', 0)])),
      /version is 0/,
    );
    assert.match(
      refusal(() => processManagersOf([process('refunds'), process('refunds')])),
      /'refunds' twice/,
    );
  });

  test('is compatible with the others of a program: groups, what they handle, dead-letter topics', () => {
    const program = { catalog, topicPrefix: '', heartbeatTopic: 'test.heartbeats', projections, processManagers };
    assertProgram(program);
    const named = { ...process('order-summary'), handles: [] };
    assert.match(
      refusal(() => assertProgram({ ...program, processManagers: [named] })),
      /the process manager order-summary has the name of a projection/,
    );
    assert.match(
      refusal(() => assertProgram({ ...program, projections: [view(['sum'])] })),
      /cards-by-day handles CardIssued, which is not an event of any aggregate of the program/,
    );
    const long = { name: 'a'.repeat(100), handles: [] };
    assert.match(
      refusal(() => assertProgram({ ...program, topicPrefix: 'p'.repeat(146), projections: [long] })),
      /is too long/,
    );
  });
});
