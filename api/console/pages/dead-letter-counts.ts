/** The streamed topic of what waits for an operator. */

export interface DeadLetterTopic {
  readonly counts: ReadonlyArray<{ readonly group: string; readonly class: string; readonly open: number }>;
  /** The newest ones with their status: when they change, so does the list. */
  readonly newest?: ReadonlyArray<string>;
  readonly setAside: ReadonlyArray<string>;
}

/** Open dead letters by group. */
export const openByGroup = (topic: DeadLetterTopic | undefined): ReadonlyMap<string, number> => {
  const all = new Map<string, number>();
  for (const { group, open } of topic?.counts ?? []) if (open > 0) all.set(group, (all.get(group) ?? 0) + open);
  return all;
};
