/** Whether the process lives, and whether it takes requests. */
import * as t from 'io-ts';
import { field, optionalField, record } from '../../../domain/kernel/codec';
import { answer, endpoint } from '../endpoint';

const health = { access: 'open', available: 'always', tag: 'health' } as const;

const Reasons = t.readonlyArray(
  record('reason', {
    stage: field(t.string, '`store`, `relay`, or the name of a group.'),
    state: field(t.string, 'How it stands.'),
    reason: field(t.string, 'Why, and what to do.'),
  }),
);

/** The process answers at all. */
export const live = endpoint({
  ...health,
  operationId: 'live',
  summary: 'Whether the process answers at all.',
  answers: { 200: answer('It does.', record('liveness', { status: field(t.literal('live'), 'Always this word.') })) },
  problems: [],
});

/** Requests are taken, and events flow. */
export const ready = endpoint({
  ...health,
  operationId: 'ready',
  summary: 'Whether requests are taken and events flow: every stage that is known, with its reason where it stands.',
  answers: {
    200: answer(
      'They are.',
      record('readiness', {
        status: field(t.literal('ready'), 'Always this word.'),
        checks: field(t.record(t.string, t.string), 'How each part stands.'),
        reasons: optionalField(Reasons, 'What stands in the way: empty here.'),
        notices: optionalField(Reasons, 'What an operator should know, though events flow.'),
      }),
    ),
  },
  problems: ['not-ready'],
});
