/** The problems of missing or already resolved things: part of {@link problemKinds}. */
import type { ProblemKind } from './problem-kind';

export const notFoundKinds = {
  'unknown-route': {
    status: 404,
    title: 'Not found',
    meaning: 'No route matches this URL. /openapi.json lists every route, /docs shows them.',
  },
  'unknown-aggregate': {
    status: 404,
    title: 'No such aggregate',
    meaning: 'The first part of the path does not name an aggregate of this installation; `known` lists them.',
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
      'The view has no row with this key. It may appear once the event is projected: send its Consistency-Token to wait for it.',
  },
  'unknown-stream': { status: 404, title: 'No such stream', meaning: 'No event has been recorded in this stream.' },
  'unknown-projection': { status: 404, title: 'No such projection', meaning: 'GET /ops/projections lists them.' },
  'unknown-rebuild': { status: 404, title: 'No such rebuild', meaning: 'No rebuild has this id.' },
  'unknown-build': {
    status: 404,
    title: 'No such generation or copy',
    meaning:
      'The projection has no previous generation, or no copy of this name; GET /ops/projections lists what exists.',
  },
  'unknown-relay-skip': {
    status: 404,
    title: 'No such request',
    meaning: 'No request to withhold an event has this id.',
  },
  'unknown-offset-move': {
    status: 404,
    title: 'No such offset move',
    meaning: 'No offset move has this id.',
  },
  'unknown-group': { status: 404, title: 'No such consumer group', meaning: 'GET /ops/groups lists them.' },
  'unknown-dead-letter': {
    status: 404,
    title: 'No such dead letter',
    meaning: 'GET /ops/dead-letters lists them; an id is a group and a number, such as `order-summary:17`.',
  },
  'unknown-effect': {
    status: 404,
    title: 'No such effect',
    meaning: 'GET /ops/effects lists the effects of the program.',
  },
  'unknown-set-aside': {
    status: 404,
    title: 'No such command or deadline',
    meaning: 'GET /ops/commands lists what was set aside.',
  },
  'set-aside-over': {
    status: 409,
    title: 'The command or deadline is no longer set aside',
    meaning: 'It has already been released or discarded; GET /ops/commands shows its audit.',
  },
  'unknown-redrive': { status: 404, title: 'No such redrive', meaning: 'No redrive has this id.' },
  'dead-letter-over': {
    status: 409,
    title: 'The dead letter is already resolved',
    meaning: 'It has already been redriven or discarded; its audit shows by whom.',
  },
  'nothing-to-redrive': {
    status: 409,
    title: 'Nothing to redrive',
    meaning: 'The selection contains no unresolved dead letter of the group that is the first of its stream.',
  },
  'unknown-cursor': {
    status: 404,
    title: 'No such page',
    meaning: 'No page of this list has this cursor: use the `nextCursor` of a page unchanged.',
  },
  'unknown-schema': {
    status: 404,
    title: 'No such schema',
    meaning: 'No event contract has this name and schema version in this program.',
  },
  'no-relay-yet': {
    status: 404,
    title: 'No relay has run yet',
    meaning: 'Nothing is published until a relay runs on this data. Start one with `serve --roles relay`.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;
