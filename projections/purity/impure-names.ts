/** What pure code has no use for, each with what it takes instead. */

const TIME =
  'the time is another in every replay: take it from the event (`recordedAt`) or from the body of the command';
const CHANCE = 'chance is another in every replay: let the client send the value in the body of the command';
const ENVIRONMENT = 'the environment is another in every process: declare a setting of the application';
const OUTSIDE = 'a replay would do it again: let an effect or a process manager act on the event';

const membersByOwner: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Date: { now: TIME },
  performance: { now: TIME, timeOrigin: TIME },
  Math: { random: CHANCE },
  crypto: { randomUUID: CHANCE, getRandomValues: CHANCE, subtle: CHANCE, randomBytes: CHANCE, randomInt: CHANCE },
};

const globals: Readonly<Record<string, string>> = {
  fetch: OUTSIDE,
  XMLHttpRequest: OUTSIDE,
  WebSocket: OUTSIDE,
  EventSource: OUTSIDE,
  setTimeout: `${OUTSIDE}, or set a deadline in a process manager`,
  setInterval: `${OUTSIDE}, or set a deadline in a process manager`,
  setImmediate: OUTSIDE,
  queueMicrotask: OUTSIDE,
};

/** Owners of which every member is impure. */
const owners: Readonly<Record<string, string>> = { process: ENVIRONMENT, console: OUTSIDE };

const modules: Readonly<Record<string, string>> = {
  child_process: OUTSIDE,
  cluster: OUTSIDE,
  crypto: CHANCE,
  dgram: OUTSIDE,
  dns: OUTSIDE,
  fs: OUTSIDE,
  http: OUTSIDE,
  http2: OUTSIDE,
  https: OUTSIDE,
  net: OUTSIDE,
  os: ENVIRONMENT,
  perf_hooks: TIME,
  process: ENVIRONMENT,
  readline: OUTSIDE,
  timers: OUTSIDE,
  tls: OUTSIDE,
  worker_threads: OUTSIDE,
};

/** Why a member of a global object is impure; undefined where it is not. */
export const impureMember = (owner: string, member: string): string | undefined => {
  const reason = own(membersByOwner, owner)?.[member] ?? own(owners, owner);
  return reason === undefined ? undefined : sentence(`${owner}.${member}`, reason);
};

/** Why a global function is impure; undefined where it is not. */
export const impureGlobal = (name: string): string | undefined => {
  const reason = own(globals, name);
  return reason === undefined ? undefined : sentence(name, reason);
};

/** Why a module of Node is impure; undefined for another one. */
export const impureModule = (specifier: string): string | undefined => {
  const name = specifier.replace(/^node:/, '').split('/')[0] ?? '';
  const reason = own(modules, name);
  return reason === undefined ? undefined : sentence(`The module ${specifier}`, reason);
};

const own = <Value>(of: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined;

const sentence = (what: string, reason: string): string => `${what} does not belong into pure code: ${reason}.`;
