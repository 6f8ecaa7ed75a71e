/** What the API says of moves of offsets. */
import { operation } from './rebuild-documentation';
import {
  integer,
  jsonResponse,
  objectOf,
  orNull,
  nameText,
  problemResponses,
  requestId,
  text,
  withBody,
} from './responses';

const moveSchema = objectOf({
  id: integer('The move.'),
  state: { enum: ['requested', 'done', 'failed'] },
  reason: orNull('string', 'Why nothing was moved.'),
});

/** The routes of moves. */
export const offsetDocumentation = {
  move: {
    ...operation(
      'move-offsets',
      "Moves a group's offsets while it stands still; what was applied is not applied twice.",
      {
        202: jsonResponse('It is asked for.', moveSchema, { Location: text('Where it is shown.') }),
        ...problemResponses(
          ...withBody,
          'invalid-parameter',
          'forbidden',
          'unknown-projection',
          'parameters-conflict',
          'store-unavailable',
        ),
      },
    ),
    params: objectOf({ group: nameText('The consumer group.') }),
  },
  shown: {
    ...operation('offset-move', 'How a move of offsets stands.', {
      200: jsonResponse('The move.', moveSchema),
      ...problemResponses('invalid-parameter', 'unknown-offset-move'),
    }),
    params: objectOf({ id: requestId('The id from the request.') }),
  },
} as const;
