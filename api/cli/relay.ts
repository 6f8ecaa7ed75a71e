/** `tidemark relay skip`: goes on past an event that can't be published, after a person has decided so. */
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

/** Says what it would do; with `confirm` asks the relay to do it, and waits. Returns the exit status. */
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
    print(`${eventId} does not block a partition; ${known === '' ? 'none does' : `those that do are ${known}`}`);
    return 1;
  }
  print(`${partitionName(one)} is blocked since ${one.since} after ${one.attempts} attempts: ${one.reason}`);
  print(
    `a placeholder takes the place of ${eventId} in the topic, for ever, and says: withheld, ${reason}. The store keeps the event; ` +
      'projections and reactors of this installation take it from there; others learn that it is withheld',
  );
  if (!confirm) {
    print('nothing is done yet: say it again with --confirm');
    return 0;
  }
  const { id } = (await request(configuration, 'POST', '/ops/relay/skips', { eventId, reason })) as SkipState;
  const untilMs = systemClock.monotonicMs() + WAIT_MS;
  for (;;) {
    const now = (await request(configuration, 'GET', `/ops/relay/skips/${id}`)) as SkipState;
    if (now.state === 'done') print(`${eventId} is withheld; the partition goes on`);
    else if (now.state === 'failed') print(now.reason ?? 'it was not withheld');
    if (now.state !== 'requested') return now.state === 'done' ? 0 : 1;
    if (systemClock.monotonicMs() > untilMs) {
      print(`request ${id} waits for the relay: it is carried out when that role publishes again`);
      return 1;
    }
    await systemClock.sleep(POLL_MS);
  }
};
