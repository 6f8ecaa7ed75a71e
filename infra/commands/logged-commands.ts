/** A log line for each command that the API has handled, at level debug: which, what came of it, and which events it led to. */
import * as E from 'fp-ts/Either';
import { traceFields } from '../log-fields';
import type { Logger } from '../logger';
import type { HandleCommand } from './command-port';
import { streamName } from '../../domain/kernel/recorded-event';

/** The handler with its commands logged. */
export const loggedCommands =
  (handle: HandleCommand, logger: Logger): HandleCommand =>
  (request) =>
  async () => {
    const result = await handle(request)();
    const { aggregate, command, metadata, dryRun } = request;
    const { correlationId, causationId, traceparent } = metadata;
    const fields = {
      stream: streamName(aggregate.category, command.id),
      command: command.type,
      correlationId,
      causationId,
      ...traceFields(traceparent),
    };
    if (E.isLeft(result)) logger.debug({ ...fields, outcome: result.left._tag }, 'a command was not accepted');
    else {
      const { events, replayed } = result.right;
      const eventIds = dryRun ? [] : events.map(({ id }) => id);
      logger.debug({ ...fields, outcome: replayed ? 'Replayed' : 'Accepted', eventIds }, 'a command was accepted');
    }
    return result;
  };
