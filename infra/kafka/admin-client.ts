/** The client that asks about topics and offsets, on a connection of its own. */
import { AdminClient, type IAdminClient, type LibrdKafkaError, type Metadata } from '@confluentinc/kafka-javascript';
import type { Logger } from '../logger';
import { watchClient } from './client-lifecycle';
import type { ClientSettings } from './client-settings';

/** The admin client is a client like any other, so it can ask for metadata; its type leaves that out. */
export type Admin = IAdminClient & {
  readonly getMetadata: (
    options: { readonly allTopics: boolean; readonly timeout: number },
    callback: (error: LibrdKafkaError | null | undefined, answer: Metadata) => void,
  ) => void;
  readonly on: (event: 'event.error', listener: (error: { readonly message: string }) => void) => unknown;
};

/** Opens at once, whether a broker answers or not. */
export const openAdmin = (settings: ClientSettings, logger: Logger): Admin => {
  // See Admin.
  const admin = AdminClient.create({ ...settings }) as Admin;
  watchClient(admin, 'admin', logger);
  return admin;
};
