/** `tidemark redrive`: plans, runs and pauses redrives of dead letters. */
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { RedriveStatus } from '../../infra/dead-letters/query/query';
import { request } from './server-client';

type Print = (line: string) => void;

export interface PlanOptions {
  readonly class?: string;
  readonly fingerprint?: string;
  readonly stream?: string;
  readonly id?: ReadonlyArray<string>;
  readonly rate: string;
  readonly json: boolean;
}

const POLL_MS = 250;
const LINE_INTERVAL_MS = 1_000;

/** Fixes a selection and prints what it contains. */
export const planRedrive = async (
  configuration: Configuration,
  group: string,
  { json, rate, id, ...filter }: PlanOptions,
  print: Print,
): Promise<void> => {
  const body = { group, ...filter, ...(id === undefined ? {} : { ids: id }), ratePerSecond: Number(rate) };
  const plan = (await request(configuration, 'POST', '/ops/redrives', body)) as RedriveStatus;
  if (json) {
    print(JSON.stringify(plan));
    return;
  }
  const { keys, events, classes, fingerprints, schemaVersions, oldest, notRedrivable } = plan.preview;
  print(`redrive ${plan.id} of ${group}: ${keys} streams, ${events} events, at most ${plan.ratePerSecond} per second`);
  print(`  classes          ${tally(classes)}`);
  print(`  causes           ${tally(fingerprints)}`);
  print(`  schema versions  ${tally(schemaVersions)}`);
  print(`  oldest           ${oldest ?? 'none'}`);
  if (notRedrivable > 0) print(`  left out         ${notRedrivable} without an event: these can only be discarded`);
  print(`nothing runs yet: tidemark redrive run ${plan.id}`);
};

const tally = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');

/** Runs a plan and follows it. Returns the exit status: 0 when no stream of it is quarantined any more. */
export const runRedrive = async (
  configuration: Configuration,
  id: string,
  options: { readonly json: boolean },
  print: Print,
): Promise<number> => {
  const before = (await request(configuration, 'POST', `/ops/redrives/${id}/run`)) as RedriveStatus;
  const show = lines(options.json, print);
  for (;;) {
    const status = (await request(configuration, 'GET', `/ops/redrives/${id}`)) as RedriveStatus;
    // Until the role has picked up the request, the status is the one from before.
    const isOver = status.runs > before.runs && status.state !== 'running';
    show(status, isOver);
    if (isOver) return status.state === 'done' && status.keys.failed === 0 ? 0 : 1;
    await systemClock.sleep(POLL_MS);
  }
};

/** Stops a redrive after the events in progress. */
export const pauseRedrive = async (
  configuration: Configuration,
  id: string,
  { json }: { readonly json: boolean },
  print: Print,
): Promise<void> => {
  const status = (await request(configuration, 'POST', `/ops/redrives/${id}/pause`)) as RedriveStatus;
  print(json ? JSON.stringify(status) : `redrive ${id} stops; tidemark redrive run ${id} resumes it`);
};

const lines = (json: boolean, print: Print): ((status: RedriveStatus, isLast: boolean) => void) => {
  let printedAtMs = -Infinity;
  return (status, isLast) => {
    const nowMs = systemClock.monotonicMs();
    if (!isLast && nowMs - printedAtMs < LINE_INTERVAL_MS) return;
    printedAtMs = nowMs;
    if (json) {
      print(JSON.stringify(status));
      return;
    }
    const { id, state, keys, batch, events, reason } = status;
    const total = keys.waiting + keys.done + keys.failed + keys.gone;
    const next = batch === null ? '' : `, batch ${batch} of 4`;
    print(
      `redrive ${id}: ${state}${next}, ${total - keys.waiting} of ${total} keys, ${keys.failed} failed, ${events} events`,
    );
    if (reason !== null && isLast) print(`  ${reason}`);
  };
};
