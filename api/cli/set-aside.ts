/** `tidemark commands`: lists commands and deadlines that process managers have set aside, and acts on them. */
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { SetAsideEntry } from '../../infra/reactors/processes/processes';
import { refusalOf } from './failed-request';
import { request, ServerRefused } from './server-client';

type Print = (line: string) => void;

/** Filters, named like the API's parameters. */
export interface ListOptions {
  readonly group?: string;
  readonly status?: string;
  readonly limit: string;
  readonly json: boolean;
}

/** Prints one line per entry. */
export const listSetAside = async (
  configuration: Configuration,
  { json, ...parameters }: ListOptions,
  print: Print,
): Promise<void> => {
  const entries = await fetchEntries(configuration, new URLSearchParams({ ...parameters }).toString());
  if (json) {
    for (const entry of entries) print(JSON.stringify(entry));
    return;
  }
  if (entries.length === 0) print('nothing is set aside');
  for (const { id, status, kind, subject, setAsideAt, reason } of entries) {
    print([id.padEnd(16), status.padEnd(10), kind.padEnd(8), setAsideAt, `${subject}: ${reason}`].join('  '));
  }
};

const fetchEntries = async (configuration: Configuration, query: string): Promise<ReadonlyArray<SetAsideEntry>> => {
  const { items } = (await request(configuration, 'GET', `/ops/commands?${query}`)) as {
    readonly items: ReadonlyArray<SetAsideEntry>;
  };
  return items;
};

/** Performs an action on entries, and waits until the audit of each one shows it. */
export const decideSetAside = async (
  configuration: Configuration,
  ids: ReadonlyArray<string>,
  act: { readonly name: 'release' | 'discard'; readonly body?: Readonly<Record<string, string>> },
  { json }: { readonly json: boolean },
  print: Print,
): Promise<void> => {
  for (const id of ids) {
    const path = `/ops/commands/${encodeURIComponent(id)}/${act.name}`;
    const { requestId } = (await request(configuration, 'POST', path, act.body)) as { readonly requestId: number };
    const entry = await awaitAudit(configuration, id, requestId);
    print(json ? JSON.stringify(entry) : `${id}: ${act.name === 'release' ? 'released' : 'discarded'}`);
  }
};

const POLL_MS = 100;
const TIMEOUT_MS = 30_000;

const awaitAudit = async (configuration: Configuration, id: string, requestId: number): Promise<SetAsideEntry> => {
  const untilMs = systemClock.monotonicMs() + TIMEOUT_MS;
  const group = encodeURIComponent(id.slice(0, id.lastIndexOf(':')));
  for (;;) {
    const entries = await fetchEntries(configuration, `group=${group}&limit=1000`);
    const entry = entries.find((each) => each.audit.some((audited) => audited.requestId === requestId));
    if (entry !== undefined) return entry;
    const refusal = await refusalOf(configuration, requestId);
    if (refusal !== undefined) throw new ServerRefused(`${id}: ${refusal}`);
    if (systemClock.monotonicMs() > untilMs) {
      throw new ServerRefused(
        `${id}: the reactors have not picked up the request yet (request ${requestId}); are they running?`,
      );
    }
    await systemClock.sleep(POLL_MS);
  }
};
