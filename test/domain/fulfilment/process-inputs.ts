/** Makes the inputs of the fulfilment process: recorded events, and outcomes of its commands. */
import type { DomainEvent } from '../../../domain/kernel/event-definition';
import type { CommandOutcome, ProcessCommand, ProcessInput } from '../../../domain/kernel/process-manager';
import { eventId, type RecordedEvent } from '../../../domain/kernel/recorded-event';

/** An event as the store returns it; a process must not rely on the position. */
export const recorded = (stream: string, version: number, { type, data }: DomainEvent): RecordedEvent => ({
  id: eventId(stream, version),
  stream,
  version,
  position: version,
  type,
  schemaVersion: 1,
  recordedAt: '2020-01-01T00:00:00.000Z',
  correlationId: `correlation of ${stream}`,
  causationId: 'a request',
  actor: 'anonymous',
  data,
});

/** The input for an event. */
export const eventInput = (stream: string, version: number, event: DomainEvent): ProcessInput => ({
  _tag: 'Event',
  event: recorded(stream, version, event),
});

/** The input for a rejected command. */
export const refusedInput = (command: ProcessCommand, rejectionType: string): ProcessInput =>
  outcomeInput({
    _tag: 'Rejected',
    command,
    rejectionType,
    message: 'No.',
  });

/** The input for the outcome of a command. */
export const outcomeInput = (outcome: CommandOutcome): ProcessInput => ({ _tag: 'Outcome', outcome });
