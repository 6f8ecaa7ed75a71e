/** A projection as the handler of its consumer group: every call goes to the writer thread. */
import { defaultRetryPolicy } from '../../../infra/consumption/intake/intake';
import type { GroupHandler } from '../../../infra/consumption/loop/loop';
import type { Topic } from '../../../domain/kernel/topic';
import type { Projection } from '../../projection';
import { packBatch, transferable } from '../apply/apply';
import type { ViewsClient } from '../writer-thread/writer-thread';

/** Makes the handler; the group has the projection's name. */
export const projectionHandler = (
  client: ViewsClient,
  { name, retry = defaultRetryPolicy }: Pick<Projection, 'name' | 'retry'>,
  topics: ReadonlyArray<Pick<Topic, 'name'>>,
): GroupHandler => ({
  group: name,
  retry,
  topics: topics.map((topic) => topic.name),
  checkpoints: () => client.checkpoints({ consumer: name }),
  begin: (checkpoints) => client.begin({ consumer: name, checkpoints }),
  apply: (records) => {
    const batch = packBatch(records);
    const { exhaustedAttempts } = records;
    return client.apply({ projection: name, batch, exhaustedAttempts }, transferable(batch));
  },
  move: (moves) => client.move({ consumer: name, moves }),
  applyFromStore: (page) => client.applyFromStore({ projection: name, ...page }),
  caughtUpTo: (marks) => client.caughtUpTo({ consumer: name, marks }),
  hasSetAsideUpTo: (lastPosition) => client.hasSetAsideUpTo({ consumer: name, lastPosition }),
  report: (status) => client.report({ status }),
});
