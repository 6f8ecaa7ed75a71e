/** `tidemark lag`: how far each stage of the flow has come. */
import type { Configuration } from '../../infra/configuration';
import type { RelayStatus } from '../../infra/relay/state/state';
import type { GroupStatus } from '../../projections/view-reader';
import { request } from './server-client';

/** Prints one line, or one JSON object, per stage. */
export const lag = async (
  configuration: Configuration,
  options: { readonly json: boolean },
  print: (line: string) => void,
): Promise<void> => {
  const relay = (await request(configuration, 'GET', '/ops/relay')) as RelayStatus;
  const groups = (await request(configuration, 'GET', '/ops/groups')) as { readonly items: ReadonlyArray<GroupStatus> };
  if (options.json) {
    print(JSON.stringify({ stage: 'relay', ...relay }));
    for (const group of groups.items) print(JSON.stringify({ stage: 'group', ...group }));
    return;
  }
  const row = (stage: string, state: string, behind: string, reason: string | null): void =>
    print([stage.padEnd(28), state.padEnd(18), behind.padStart(10), reason ?? ''].join('  ').trimEnd());
  row('stage', 'state', 'behind', null);
  row('relay', relay.state, String(relay.lagEvents), relay.reason);
  for (const group of groups.items) row(group.group, group.state, String(group.lag ?? '?'), group.reason);
};
