/** Handing tokens to clients of the binding, which must be done at the right moment. */
import type { ClientSettings } from './client-settings';
import type { AskForToken, OAuthToken } from './oauth-tokens';

/** A client's own way to tokens. */
export interface ClientTokens {
  readonly settings: ClientSettings;
  /** Before the client is disconnected: the binding ends the process where a client that has gone is given a token. */
  readonly end: () => void;
}

const never = async (): Promise<never> => new Promise(() => undefined);

const askerOf = ({ oauthbearer_token_refresh_cb: ask }: ClientSettings): AskForToken | undefined =>
  typeof ask === 'function' ? ask : undefined;

/** The settings of one client; the same as before where no tokens are asked for. */
export const clientTokens = (
  settings: ClientSettings,
  whenFree: () => Promise<void> = async () => Promise.resolve(),
): ClientTokens => {
  const ask = askerOf(settings);
  if (ask === undefined) return { settings, end: () => undefined };
  let hasEnded = false;
  const askWhileOpen = async (): Promise<OAuthToken> => {
    const answer = await ask().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    await whenFree();
    if (hasEnded) return never();
    // An error of its own: the binding changes its text, and all clients share the question.
    if (answer instanceof Error) throw new Error(answer.message);
    return answer;
  };
  return {
    settings: { ...settings, oauthbearer_token_refresh_cb: askWhileOpen },
    end: () => {
      hasEnded = true;
    },
  };
};

/**
 * Lets an admin client ask only while no token is handed to it. Each of its requests locks the client until it is answered,
 * and a token that came meanwhile would hold the event loop for as long; the first request would even wait for the token that
 * waits for it.
 */
export const adminWithTokens = <Client extends object>(
  settings: ClientSettings,
  open: (settings: ClientSettings) => Client,
): Client => {
  if (askerOf(settings) === undefined) return open(settings);
  const turns = adminTurns();
  const tokens = clientTokens(settings, turns.free);
  const admin = open(tokens.settings);
  return new Proxy(admin, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      // The client's own methods, on the client itself.
      const method = (member as (...parameters: unknown[]) => unknown).bind(target);
      if (name === 'disconnect') tokens.end();
      return (...parameters: unknown[]): unknown => {
        const answer = parameters.at(-1);
        if (name === 'on' || typeof answer !== 'function') return method(...parameters);
        turns.take((done) => {
          method(...parameters.slice(0, -1), (...results: unknown[]) => {
            done();
            (answer as (...results: unknown[]) => void)(...results);
          });
        });
        return undefined;
      };
    },
  });
};

interface AdminTurns {
  /** Runs a request, when no token is being handed over. */
  readonly take: (request: (done: () => void) => void) => void;
  /** Resolves when no request is under way; the next ones wait until the token has been handed over. */
  readonly free: () => Promise<void>;
}

const adminTurns = (): AdminTurns => {
  // No request before the first token.
  let isOpen = false;
  let underWay = 0;
  const waiting: (() => void)[] = [];
  let onFree: (() => void)[] = [];
  const open = (): void => {
    isOpen = true;
    for (const request of waiting.splice(0)) request();
  };
  const done = (): void => {
    underWay -= 1;
    if (underWay > 0) return;
    for (const resolve of onFree) resolve();
    onFree = [];
  };
  const take: AdminTurns['take'] = (request) => {
    if (!isOpen) {
      waiting.push(() => take(request));
      return;
    }
    underWay += 1;
    request(done);
  };
  return {
    take,
    free: async () => {
      isOpen = false;
      if (underWay > 0) await new Promise<void>((resolve) => onFree.push(resolve));
      // Behind the hand-over, which follows at once.
      setImmediate(open);
    },
  };
};
