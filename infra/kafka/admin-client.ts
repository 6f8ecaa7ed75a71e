/** The client that asks about topics and offsets, on a connection of its own. */
import { AdminClient, type IAdminClient, type LibrdKafkaError, type Metadata } from '@confluentinc/kafka-javascript';
import type { Logger } from '../logger';
import { KafkaError } from './client-errors';
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
export const renewableAdmin = (settings: ClientSettings, logger: Logger): RenewableAdmin => {
  let current: Admin | undefined;
  const renew = (used: Admin | undefined): void => {
    if (used === undefined || used !== current) return;
    current = undefined;
    used.disconnect();
  };
  return {
    ask: async (question) => {
      const admin = (current ??= openAdmin(settings, logger));
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
