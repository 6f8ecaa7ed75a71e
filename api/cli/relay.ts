/** `tidemark relay skip`: skips an event that can't be published, on an operator's decision. */
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { RelayStatus } from '../../infra/relay/state/state';
import { request } from './server-client';
import { partitionName } from '../../infra/topic-partition';

export interface SkipOptions {
  readonly reason: string;
  readonly confirm: boolean;
}

interface SkipState {
  readonly id: number;
  readonly state: 'requested' | 'done' | 'failed';
  readonly reason: string | null;
}

const POLL_MS = 200;
const WAIT_MS = 30_000;

/** Explains the effect; with `confirm`, requests it from the relay and waits. Returns the exit status. */
export const skipEvent = async (
  configuration: Configuration,
  eventId: string,
  { reason, confirm }: SkipOptions,
  print: (line: string) => void,
): Promise<number> => {
  const { blocked } = (await request(configuration, 'GET', '/ops/relay')) as RelayStatus;
  const one = blocked.find((each) => each.eventId === eventId);
  if (one === undefined) {
    const known = blocked.map((each) => each.eventId).join(', ');
    print(`${eventId} does not block a partition; ${known === '' ? 'none does' : `these do: ${known}`}`);
    return 1;
  }
  print(`${partitionName(one)} is blocked since ${one.since} after ${one.attempts} attempts: ${one.reason}`);
  print(
    `a placeholder permanently replaces ${eventId} in the topic and says: withheld, ${reason}. The store keeps the event; ` +
      'projections and reactors of this installation read it from there; other consumers see only that it is withheld',
  );
  if (!confirm) {
    print('nothing is done yet: repeat the command with --confirm');
    return 0;
  }
  const { id } = (await request(configuration, 'POST', '/ops/relay/skips', { eventId, reason })) as SkipState;
  const untilMs = systemClock.monotonicMs() + WAIT_MS;
  for (;;) {
    const now = (await request(configuration, 'GET', `/ops/relay/skips/${id}`)) as SkipState;
    if (now.state === 'done') print(`${eventId} is withheld; the partition continues`);
    else if (now.state === 'failed') print(now.reason ?? 'it was not withheld');
    if (now.state !== 'requested') return now.state === 'done' ? 0 : 1;
    if (systemClock.monotonicMs() > untilMs) {
      print(`request ${id} is waiting for the relay: it is carried out when that role publishes again`);
      return 1;
    }
    await systemClock.sleep(POLL_MS);
  }
};
