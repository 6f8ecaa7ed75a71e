/** The admin client for topics and offsets, which has its own connection. */
import type { IAdminClient, LibrdKafkaError, Metadata } from '@confluentinc/kafka-javascript';
import type { Logger } from '../logger';
import { KafkaError } from './client-errors';
import { watchClient } from './client-lifecycle';
import { adminWithTokens } from './client-tokens';
import type { ClientSettings } from './client-settings';
import type { ConnectionTrouble } from './connection-trouble';
import { AdminClient } from './native-client';

/** Like every client, the admin client can request metadata, but its type omits the method. */
export type Admin = IAdminClient & {
  readonly getMetadata: (
    options: { readonly allTopics: boolean; readonly timeout: number },
    callback: (error: LibrdKafkaError | null | undefined, answer: Metadata) => void,
  ) => void;
  readonly on: Parameters<typeof watchClient>[0]['on'];
};

/** Opens at once, even if no broker responds. */
export const openAdmin = (settings: ClientSettings, logger: Logger, trouble?: ConnectionTrouble): Admin =>
  adminWithTokens(settings, (own) => {
    // See Admin.
    const admin = AdminClient.create({ ...own }) as Admin;
    watchClient(admin, 'admin', logger, trouble === undefined ? {} : { trouble });
    return admin;
  });

/** An admin client that is replaced after an error of the client itself. */
export interface RenewableAdmin {
  /** Sends a request; after an error of the client itself the next request uses a new client. */
  readonly ask: <Response>(question: (admin: Admin) => Promise<Response>) => Promise<Response>;
  readonly close: () => void;
}

/**
 * A client keeps a connection on which responses are lost for up to a minute, and one from before a broker's restart may use
 * outdated metadata forever.
 */
export const renewableAdmin = (
  settings: ClientSettings,
  logger: Logger,
  trouble?: ConnectionTrouble,
): RenewableAdmin => {
  let current: Admin | undefined;
  const renew = (used: Admin | undefined): void => {
    if (used === undefined || used !== current) return;
    current = undefined;
    used.disconnect();
  };
  return {
    ask: async (question) => {
      const admin = (current ??= openAdmin(settings, logger, trouble));
      try {
        return await question(admin);
      } catch (error) {
        // Errors of the client itself have negative codes; others are responses of a broker.
        if (error instanceof KafkaError && error.code < 0) renew(admin);
        throw error;
      }
    },
    close: () => renew(current),
  };
};
