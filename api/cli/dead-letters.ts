/** `tidemark dead-letters`: lists dead letters, and acts on them. */
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { AuditEntry, DeadLetter, DeadLetterDetail } from '../../infra/dead-letters/query/query';
import { refusalOf } from './failed-request';
import { request, ServerRefused } from './server-client';

type Print = (line: string) => void;

/** Filters, named like the API's parameters. */
export interface ListOptions {
  readonly group?: string;
  readonly status?: string;
  readonly class?: string;
  readonly fingerprint?: string;
  readonly stream?: string;
  readonly limit: string;
  readonly json: boolean;
}

/** Prints one line per dead letter. */
export const listDeadLetters = async (
  configuration: Configuration,
  { json, ...parameters }: ListOptions,
  print: Print,
): Promise<void> => {
  const query = new URLSearchParams({ ...parameters }).toString();
  const page = (await request(configuration, 'GET', `/ops/dead-letters?${query}`)) as {
    readonly items: ReadonlyArray<DeadLetter>;
    readonly nextCursor?: string;
  };
  if (json) {
    for (const letter of page.items) print(JSON.stringify(letter));
    return;
  }
  const row = (...cells: ReadonlyArray<string>): void =>
    print(
      cells
        .map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  row('id', 'status', 'class', 'event', 'waiting', 'fingerprint', 'reason');
  for (const { id, status, class: of, eventId, parked, fingerprint, reason, owner } of page.items) {
    row(
      id,
      owner === null ? status : `${status}: ${owner}`,
      of,
      eventId ?? '(no event)',
      String(parked),
      fingerprint,
      reason,
    );
  }
  if (page.nextCursor !== undefined)
    print(`there are more: raise --limit (up to 1000), or narrow the list with --group, --status and --class`);
};

const WIDTHS = [20, 16, 16, 24, 7, 16, 0];

/** Prints everything known about one dead letter. */
export const showDeadLetter = async (
  configuration: Configuration,
  id: string,
  { json }: { readonly json: boolean },
  print: Print,
): Promise<void> => {
  const letter = await find(configuration, id);
  if (json) {
    print(JSON.stringify(letter));
    return;
  }
  const { headers, audit, stack, ...plain } = letter;
  for (const [name, value] of Object.entries(plain)) print(`${name.padEnd(16)}${String(value)}`);
  for (const { name, value } of headers) print(`${'header'.padEnd(16)}${name}: ${value}`);
  if (stack !== null) for (const line of stack.split('\n')) print(`${'stack'.padEnd(16)}${line}`);
  for (const entry of audit) print(`${'audit'.padEnd(16)}${sentence(entry)}`);
};

const sentence = ({ at, actor, action, detail }: AuditEntry): string => `${at} ${actor} ${action}: ${detail}`;

/** Performs an action on dead letters, and waits until the audit of each one shows it. */
export const actOnDeadLetters = async (
  configuration: Configuration,
  ids: ReadonlyArray<string>,
  act: { readonly name: 'assign' | 'discard' | 'note'; readonly body: Readonly<Record<string, string>> },
  { json }: { readonly json: boolean },
  print: Print,
): Promise<void> => {
  for (const id of ids) {
    const path = `/ops/dead-letters/${encodeURIComponent(id)}/${act.name}`;
    const { requestId } = (await request(configuration, 'POST', path, act.body)) as { readonly requestId: number };
    const { entry, letter } = await audited(configuration, id, requestId);
    print(json ? JSON.stringify(letter) : `${id}: ${sentence(entry)}`);
  }
};

const find = async (configuration: Configuration, id: string): Promise<DeadLetterDetail> =>
  (await request(configuration, 'GET', `/ops/dead-letters/${encodeURIComponent(id)}`)) as DeadLetterDetail;

const POLL_MS = 100;
const TIMEOUT_MS = 30_000;

const audited = async (
  configuration: Configuration,
  id: string,
  requestId: number,
): Promise<{ readonly letter: DeadLetterDetail; readonly entry: AuditEntry }> => {
  const untilMs = systemClock.monotonicMs() + TIMEOUT_MS;
  for (;;) {
    const letter = await find(configuration, id);
    const entry = letter.audit.find((each) => each.requestId === requestId);
    if (entry !== undefined) return { letter, entry };
    const refusal = await refusalOf(configuration, requestId);
    if (refusal !== undefined) throw new ServerRefused(`${id}: ${refusal}`);
    if (systemClock.monotonicMs() > untilMs) {
      throw new ServerRefused(
        `${id}: the role that runs its group has not picked up the request yet (request ${requestId}); is it running?`,
      );
    }
    await systemClock.sleep(POLL_MS);
  }
};
