/** The problems of what is not there, or is over: part of all {@link problemKinds}. */
import type { ProblemKind } from './problem-kind';

export const notFoundKinds = {
  'unknown-route': {
    status: 404,
    title: 'Not found',
    meaning: 'No route has this address. /openapi.json lists every route, /docs shows them.',
  },
  'unknown-aggregate': {
    status: 404,
    title: 'No such aggregate',
    meaning: 'The first part of the path names no aggregate of this installation; `known` lists them.',
  },
  'unknown-command': {
    status: 404,
    title: 'No such command',
    meaning: 'The aggregate has no command of this name; `known` lists its commands.',
  },
  'unknown-view': { status: 404, title: 'No such view', meaning: 'GET /views lists every view.' },
  'unknown-row': {
    status: 404,
    title: 'No such row',
    meaning:
      'The view has no row under this key. It may come once the event is projected: send its Consistency-Token to wait.',
  },
  'unknown-stream': { status: 404, title: 'No such stream', meaning: 'No event was ever recorded in this stream.' },
  'unknown-projection': { status: 404, title: 'No such projection', meaning: 'GET /ops/projections lists them.' },
  'unknown-rebuild': { status: 404, title: 'No such rebuild', meaning: 'No rebuild was asked for under this id.' },
  'unknown-build': {
    status: 404,
    title: 'No such build',
    meaning: 'The projection has no former build, or no copy of this name; GET /ops/projections shows what there is.',
  },
  'unknown-relay-skip': {
    status: 404,
    title: 'No such request',
    meaning: 'No request to withhold an event was made under this id.',
  },
  'unknown-offset-move': {
    status: 404,
    title: 'No such move of offsets',
    meaning: 'No move of offsets was asked for under this id.',
  },
  'unknown-group': { status: 404, title: 'No such consumer group', meaning: 'GET /ops/groups lists them.' },
  'unknown-dead-letter': {
    status: 404,
    title: 'No such dead letter',
    meaning: 'GET /ops/dead-letters lists them; an id is a group and a number, such as `order-summary:17`.',
  },
  'unknown-set-aside': {
    status: 404,
    title: 'No such command or deadline',
    meaning: 'GET /ops/commands lists what was set aside.',
  },
  'set-aside-over': {
    status: 409,
    title: 'The command or deadline is not set aside any more',
    meaning: 'It was released or discarded already; GET /ops/commands shows its audit.',
  },
  'unknown-redrive': { status: 404, title: 'No such redrive', meaning: 'No redrive was planned under this id.' },
  'dead-letter-over': {
    status: 409,
    title: 'The dead letter is dealt with',
    meaning: 'It was redriven or discarded already; its audit says by whom.',
  },
  'nothing-to-redrive': {
    status: 409,
    title: 'Nothing to redrive',
    meaning: 'No open dead letter of the group that stands at the head of its key is selected.',
  },
  'unknown-cursor': {
    status: 404,
    title: 'No such page',
    meaning: 'No page of this list has this cursor: take the `nextCursor` of a page as it came.',
  },
  'unknown-schema': {
    status: 404,
    title: 'No such schema',
    meaning: 'No event contract has this name and schema version in this program.',
  },
  'no-relay-yet': {
    status: 404,
    title: 'No relay has run yet',
    meaning: 'Nothing is published until a relay runs on this data: start one with `serve --roles relay`.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;
