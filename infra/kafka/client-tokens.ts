/** Passes tokens to Kafka clients, which the binding allows only at certain times. */
import type { ClientSettings } from './client-settings';
import type { AskForToken, OAuthToken } from './oauth-tokens';

/** The token source of one client. */
export interface ClientTokens {
  readonly settings: ClientSettings;
  /** Call it before disconnecting: the binding crashes if a closed client receives a token. */
  readonly end: () => void;
}

const never = async (): Promise<never> => new Promise(() => undefined);

const askerOf = ({ oauthbearer_token_refresh_cb: ask }: ClientSettings): AskForToken | undefined =>
  typeof ask === 'function' ? ask : undefined;

/** The settings of one client; unchanged if it needs no tokens. */
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
    // A new error: the binding modifies its text, and all clients share the request.
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
 * Runs requests of an admin client only while no token is passed to it. Each request locks the client until its response arrives, and
 * passing a token meanwhile would block the event loop; the first request would even deadlock with the token that it needs.
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
      // Methods of the client must run on the client itself.
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
  /** Runs a request once no token is being passed. */
  readonly take: (request: (done: () => void) => void) => void;
  /** Resolves when no request is in progress; later ones wait until the token has been passed. */
  readonly free: () => Promise<void>;
}

const adminTurns = (): AdminTurns => {
  // No request may run before the first token.
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
      // After the token has been passed, which happens at once.
      setImmediate(open);
    },
  };
};
