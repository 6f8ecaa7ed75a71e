/** The endpoints of liveness and readiness. */
import * as t from 'io-ts';
import { field, optionalField, record } from '../../../domain/kernel/codec';
import { answer, endpoint } from '../endpoint';

const health = { access: 'open', available: 'always', tag: 'health' } as const;

const Reasons = t.readonlyArray(
  record('reason', {
    stage: field(t.string, '`store`, `relay`, or the name of a group.'),
    state: field(t.string, 'Its state.'),
    reason: field(t.string, 'Why, and what to do.'),
  }),
);

/** Liveness. */
export const live = endpoint({
  ...health,
  operationId: 'live',
  summary: 'Whether the process responds.',
  answers: {
    200: answer('The process responds.', record('liveness', { status: field(t.literal('live'), 'Always `live`.') })),
  },
  problems: [],
});

/** Readiness. */
export const ready = endpoint({
  ...health,
  operationId: 'ready',
  summary:
    'Whether requests are accepted and events flow: the state of every stage, with a reason if it does not progress.',
  answers: {
    200: answer(
      'Requests are accepted.',
      record('readiness', {
        status: field(t.literal('ready'), 'Always `ready`.'),
        checks: field(t.record(t.string, t.string), 'The state of each part.'),
        reasons: optionalField(Reasons, 'What prevents readiness: empty here.'),
        notices: optionalField(Reasons, 'What an operator should know although events flow.'),
      }),
    ),
  },
  problems: ['not-ready'],
});
