/** Makes the inputs of the fulfilment process: recorded events, and outcomes of its commands. */
import type { DomainEvent } from '../../../domain/kernel/event-definition';
import type { CommandOutcome, ProcessCommand, ProcessInput } from '../../../domain/kernel/process-manager';
import { eventId, type RecordedEvent } from '../../../domain/kernel/recorded-event';

/** An event as the store would hand it out; the position tells nothing that a process may rely on. */
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

/** The process learns an event. */
export const eventInput = (stream: string, version: number, event: DomainEvent): ProcessInput => ({
  _tag: 'Event',
  event: recorded(stream, version, event),
});

/** The process learns that its command was refused. */
export const refusedInput = (command: ProcessCommand, rejectionType: string): ProcessInput =>
  outcomeInput({
    _tag: 'Rejected',
    command,
    rejectionType,
    message: 'No.',
  });

/** The process learns what became of its command. */
export const outcomeInput = (outcome: CommandOutcome): ProcessInput => ({ _tag: 'Outcome', outcome });
