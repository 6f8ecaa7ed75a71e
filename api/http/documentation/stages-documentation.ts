/** What the API says of the flow by stage, and of the metrics. */
import { stageNames } from '../../../infra/flow/stage-report';
import { verdicts } from '../../../infra/flow/verdict';
import { operation } from './rebuild-documentation';
import { integer, objectOf, orNull, jsonResponse, problemResponses, text } from './responses';

const number = (description: string) => ({ type: 'number', description });

const verdict = {
  enum: [...verdicts],
  description: 'Over the last minute: stalled has something to read and does not move, stopped is read by nobody.',
};

const state = text('As under /ops/relay and /ops/groups; silent where a process is gone or hangs.');

const pace = {
  behind: integer('Events that wait.'),
  ageSeconds: number('Age of the oldest of them.'),
  ratePerSecond: number('Events that go through, a second.'),
  drain: {
    enum: ['now', 'draining', 'not-draining', 'measuring'],
    description: 'Whether what waits goes down; now where nothing waits, measuring before there are two looks.',
  },
  etaSeconds: orNull('integer', 'When nothing waits any more, at the present rates; null where it does not go down.'),
};

const stageSchema = objectOf({
  stage: { enum: [...stageNames] },
  state,
  verdict,
  slowest: orNull('string', 'Who is slowest at it: relay, or a group.'),
  ...pace,
});

const groupSchema = objectOf({
  group: text('The consumer group.'),
  stage: { enum: ['consumed', 'projected'] },
  state,
  reason: orNull('string', 'Why it is not running, and what to do.'),
  verdict,
  isEstimate: { type: 'boolean', description: 'The group says nothing of its lag: it was counted in the store.' },
  partitions: {
    type: 'array',
    items: objectOf({
      topic: text('The topic.'),
      partition: integer('The partition.'),
      nextOffset: integer('The offset of the next record to read.'),
      lag: integer('Events that wait.'),
      isEstimate: { type: 'boolean' },
      ageSeconds: number('Age of the oldest of them.'),
      verdict,
    }),
  },
  ...pace,
});

/** `/ops/stages`. */
export const stagesDocumentation = operation(
  'stages',
  'How fresh the flow is at each stage: age, distance, rate, time to drain, and the slowest stage.',
  {
    200: jsonResponse(
      'The stages, in the order of the flow.',
      objectOf({
        storePosition: integer("The store's last position."),
        windowSeconds: integer('How far back these figures look: up to a minute.'),
        slowest: {
          enum: [...stageNames, null],
          description: 'Where the oldest event waits; null where none waits for more than a second.',
        },
        items: { type: 'array', items: stageSchema },
        groups: { type: 'array', items: groupSchema },
      }),
    ),
    ...problemResponses('invalid-parameter', 'not-ready'),
  },
);

/** `/metrics`. */
export const metricsDocumentation = operation(
  'metrics',
  "The metrics of this process, in Prometheus' text format; where there are keys, for operators.",
  {
    200: { description: 'The metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
    ...problemResponses('invalid-parameter', 'forbidden'),
  },
);
