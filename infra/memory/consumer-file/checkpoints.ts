/** Checkpoints and moves of offsets in memory. */
import * as E from 'fp-ts/Either';
import { isoTime, type Clock } from '../../clock';
import {
  CheckpointMoved,
  readOffsetOrder,
  type Checkpoints,
  type NoteOffsetMove,
  type OffsetRequests,
} from '../../consumption/checkpoints/checkpoints';
import { partitionName } from '../../topic-partition';
import { keyOf, nextNumber, removeWhere, type MemoryTables } from './tables';

export const memoryCheckpoints = ({ checkpoints }: MemoryTables): Checkpoints => ({
  read: (consumer) =>
    [...checkpoints.values()]
      .filter((each) => each.consumer === consumer)
      .map(({ topic, partition, logId, nextOffset, highWaterPosition }) => ({
        topic,
        partition,
        logId,
        nextOffset,
        highWaterPosition,
      }))
      .sort((left, right) =>
        left.topic === right.topic ? left.partition - right.partition : left.topic < right.topic ? -1 : 1,
      ),
  begin: (consumer, { topic, partition, logId, nextOffset, highWaterPosition }) => {
    const key = keyOf(consumer, topic, partition);
    if (checkpoints.has(key)) return;
    checkpoints.set(key, { consumer, topic, partition, logId, nextOffset, highWaterPosition });
  },
  move: (consumer, { topic, partition, logId, nextOffset, highWaterPosition, fromLogId, fromOffset }) => {
    const key = keyOf(consumer, topic, partition);
    const at = checkpoints.get(key);
    if (at?.logId !== fromLogId || at.nextOffset !== fromOffset)
      throw new CheckpointMoved(
        `${consumer} no longer owns ${partitionName({ topic, partition })}: its checkpoint is not at offset ${fromOffset}`,
      );
    const reached = Math.max(at.highWaterPosition, highWaterPosition);
    checkpoints.set(key, { ...at, logId, nextOffset, highWaterPosition: reached });
  },
  raiseEach: (consumer, marks) => {
    for (const { topic, partition, highWaterPosition } of marks) {
      const key = keyOf(consumer, topic, partition);
      const at = checkpoints.get(key);
      if (at === undefined) continue;
      checkpoints.set(key, { ...at, highWaterPosition: Math.max(at.highWaterPosition, highWaterPosition) });
    }
  },
  remove: (consumer) => removeWhere(checkpoints, (each) => each.consumer === consumer),
});

export const memoryOffsetMoves = (
  tables: MemoryTables,
  clock: Clock,
): { readonly noteOffsetMove: NoteOffsetMove; readonly offsetRequests: OffsetRequests } => ({
  noteOffsetMove: (move, actor) => {
    const key = String(nextNumber(tables, 'move'));
    tables.offsetMoves.set(key, { ...move, actor, movedAt: isoTime(clock.nowMs()) });
  },
  offsetRequests: {
    add: (id, body, actor) => {
      if (!tables.offsetRequests.has(id))
        tables.offsetRequests.set(id, { id, body, actor, state: 'requested', reason: null });
    },
    open: () =>
      [...tables.offsetRequests.values()]
        .filter(({ state }) => state === 'requested')
        .sort((left, right) => left.id - right.id)
        .map(({ id, body, actor }) => {
          const order = readOffsetOrder(body);
          return E.isLeft(order) ? E.left({ id, reason: order.left }) : E.right({ id, actor, order: order.right });
        }),
    end: (id, state, reason) => {
      const request = tables.offsetRequests.get(id);
      if (request !== undefined) tables.offsetRequests.set(id, { ...request, state, reason });
    },
  },
});
