/** One at a time: work that must not overlap, in the order of asking. */

/** Runs the work when all that was asked for before has ended, well or badly. */
export type Exclusive = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Makes a queue of its own. */
export const exclusive = (): Exclusive => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    // Whoever asked gets the failure; those who come after only wait for the end.
    last = turn.catch(() => undefined);
    return turn;
  };
};
