/** The process that the kill test kills: appends with many callers and prints the id of each event once it is acknowledged. */
import { writeSync } from 'node:fs';
import * as E from 'fp-ts/Either';
import { systemClock } from '../../../infra/clock';
import { openSqliteEventStore } from '../../../infra/sqlite/event-store';

const CALLERS = 16;
const STREAMS = 5;
const metadata = { correlationId: 'correlation', actor: 'killed' };

const appendForEver = async (file: string): Promise<void> => {
  const store = await openSqliteEventStore({
    file,
    clock: systemClock,
    appendQueueLimit: 1_000,
    // Long: a successor must see that this process is gone, not wait for its time.
    leaseTtlMs: 600_000,
    onLeaseLost: (reason) => {
      throw reason;
    },
  });
  const appendInTurn = async (caller: number): Promise<void> => {
    for (let turn = 0; ; turn += 1) {
      const events = [caller, turn].map((note) => ({ type: 'NoteTaken', schemaVersion: 1, data: { note } }));
      // Two streams in one append: a kill may tear neither them nor the pairs of events apart.
      const streams = [`note-${turn % STREAMS}`, `item-${(turn + caller) % STREAMS}`].map((stream) => ({
        stream,
        expectedVersion: 'any' as const,
        events,
      }));
      const answer = await store.append({ streams, metadata: { ...metadata, causationId: systemClock.newId() } })();
      if (E.isRight(answer)) writeSync(1, answer.right.map(({ id }) => `${id}\n`).join(''));
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, caller) => appendInTurn(caller)));
};

void appendForEver(process.argv[2] ?? '');
