/** The client that asks about topics and offsets, on a connection of its own. */
import { AdminClient, type IAdminClient, type LibrdKafkaError, type Metadata } from '@confluentinc/kafka-javascript';
import type { Logger } from '../logger';
import { watchClient } from './client-lifecycle';
import { adminWithTokens } from './client-tokens';
import type { ClientSettings } from './client-settings';
import type { ConnectionTrouble } from './connection-trouble';

/** The admin client is a client like any other, so it can ask for metadata; its type leaves that out. */
export type Admin = IAdminClient & {
  readonly getMetadata: (
    options: { readonly allTopics: boolean; readonly timeout: number },
    callback: (error: LibrdKafkaError | null | undefined, answer: Metadata) => void,
  ) => void;
  readonly on: Parameters<typeof watchClient>[0]['on'];
};

/** Opens at once, whether a broker answers or not. */
export const openAdmin = (settings: ClientSettings, logger: Logger, trouble?: ConnectionTrouble): Admin =>
  adminWithTokens(settings, (own) => {
    // See Admin.
    const admin = AdminClient.create({ ...own }) as Admin;
    watchClient(admin, 'admin', logger, trouble === undefined ? {} : { trouble });
    return admin;
  });
