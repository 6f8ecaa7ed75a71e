/** A verdict on one partition over a window of looks: what a single look cannot tell. Pure. */

export const verdicts = ['ok', 'behind', 'catching-up', 'stalled', 'stopped', 'rewound'] as const;

/**
 * `ok`: it keeps up, what waits is on its way. `behind`: it moves, and not faster than what comes in. `catching-up`: it moves and the
 * distance shrinks. `stalled`: it has something to read and does not move. `stopped`: nobody reads it. `rewound`: its offset was
 * set back within the window.
 */
export type Verdict = (typeof verdicts)[number];

/** One look at a partition. */
export interface PartitionLook {
  readonly atMs: number;
  readonly nextOffset: number;
  readonly lag: number;
  /** Age of the oldest event that waits. */
  readonly ageSeconds: number;
  /** Halted, stopped or silent. */
  readonly isStopped: boolean;
}

/** With something to read and no move for so long, a partition has stalled: groups report every five seconds at least. */
export const STALLED_MS = 11_000;
/** What waits for less is on its way. */
const ON_ITS_WAY_SECONDS = 5;
/** Whoever has reached the end so lately keeps up, whatever came since. */
const LATELY_MS = 10_000;

/** Decides over looks, oldest first. */
export const verdictOf = (looks: ReadonlyArray<PartitionLook>): Verdict => {
  const last = looks.at(-1);
  if (last === undefined) return 'ok';
  if (last.isStopped) return 'stopped';
  if (looks.some((look, index) => look.nextOffset < (looks[index - 1]?.nextOffset ?? 0))) return 'rewound';
  if (last.lag === 0 || last.ageSeconds < ON_ITS_WAY_SECONDS) return 'ok';
  const sinceMove = looks.slice(firstAt(looks, last.nextOffset)).filter(({ lag }) => lag > 0);
  const first = sinceMove[0] ?? last;
  if (last.atMs - first.atMs >= STALLED_MS) return 'stalled';
  if (looks.some(({ lag, atMs }) => lag === 0 && last.atMs - atMs <= LATELY_MS)) return 'ok';
  const [oldest = last] = looks;
  return last.nextOffset > oldest.nextOffset && last.lag < oldest.lag ? 'catching-up' : 'behind';
};

/** The index of the first look that found the offset where it stands now. */
const firstAt = (looks: ReadonlyArray<PartitionLook>, nextOffset: number): number => {
  let index = looks.length - 1;
  while (index > 0 && looks[index - 1]?.nextOffset === nextOffset) index -= 1;
  return index;
};

/** Worst first: what of a group is said before all else. */
const WORST_FIRST: ReadonlyArray<Verdict> = ['stopped', 'stalled', 'behind', 'rewound', 'catching-up', 'ok'];

/** The worst of several. */
export const worstOf = (all: ReadonlyArray<Verdict>): Verdict =>
  WORST_FIRST.find((verdict) => all.includes(verdict)) ?? 'ok';
