/** The client that asks about topics and offsets, on a connection of its own. */
import { AdminClient, type IAdminClient, type LibrdKafkaError, type Metadata } from '@confluentinc/kafka-javascript';
import type { Logger } from '../logger';
import { KafkaError } from './client-errors';
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

/** An admin client that is replaced where nobody answers it. */
export interface RenewableAdmin {
  /** Asks; after an error of the client itself the next question goes out on a new one. */
  readonly ask: <Answer>(question: (admin: Admin) => Promise<Answer>) => Promise<Answer>;
  readonly close: () => void;
}

/**
 * A connection on which answers are lost stays the client's own for a minute, and one from before a broker's restart may ask
 * with an outdated state of the cluster for ever.
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
        // Errors of the client itself have numbers below zero; a broker's answer is an answer.
        if (error instanceof KafkaError && error.code < 0) renew(admin);
        throw error;
      }
    },
    close: () => renew(current),
  };
};
