/** An application in plain JavaScript, as a CommonJS module: turnstiles that count who goes in. */
const {
  accept,
  defineAggregate,
  defineApplication,
  defineCommand,
  defineEvent,
  field,
  Identifier,
  Instant,
} = require('tidemark');
const { defineProjection, integer, text } = require('tidemark/projections');

const turnstileId = field(Identifier, 'The turnstile.');
const ticket = field(Identifier, 'The ticket that opened it.');
const passedAt = field(Instant, 'When somebody went through; business time, UTC.');

const VisitorAdmitted = defineEvent('VisitorAdmitted', {
  owner: 'entrance',
  since: '2026-11-26',
  schemaVersion: 1,
  meaning: 'Somebody went through a turnstile.',
  fields: { turnstileId, ticket, passedAt },
});

const turnstile = defineAggregate({
  category: 'turnstile',
  path: 'turnstiles',
  meaning: 'A turnstile at the entrance.',
  topic: {
    name: 'turnstiles',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the turnstile id',
      because: 'visitors of one turnstile go through one after another',
      concurrency: 'Four partitions let four consumers share the topic.',
      skew: 'The main entrance has more events than the others, and no consumer needs it faster.',
    },
  },
  events: [VisitorAdmitted],
  commands: [
    defineCommand('admit', {
      meaning: 'Lets somebody in.',
      fields: { ticket, passedAt },
      example: { ticket: 't1', passedAt: '2026-01-01T12:00:00Z' },
    }),
  ],
  decider: {
    decide: ({ id, data }) => accept(VisitorAdmitted.of({ turnstileId: id, ...data })),
    evolve: (state) => ({ visitors: state.visitors + 1 }),
    initialState: { visitors: 0 },
  },
});

const visitors = defineProjection({
  name: 'visitors',
  version: 1,
  meaning: 'One row a turnstile: how many went through.',
  view: { key: { turnstileId: text('The turnstile.') }, columns: { admitted: integer('How many went through.') } },
  handles: [VisitorAdmitted],
  project: ({ data }) => [{ key: { turnstileId: data.turnstileId }, add: { admitted: 1 } }],
});

module.exports = defineApplication({ name: 'turnstiles', aggregates: [turnstile], projections: [visitors] });
