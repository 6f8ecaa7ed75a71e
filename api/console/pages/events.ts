/** Events as the API returns them. */
import type { StoredEvent } from '../../../domain/kernel/recorded-event';

export interface ShownEvent extends Omit<StoredEvent, 'payload'> {
  readonly data: unknown;
}
