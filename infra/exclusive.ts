/** Runs work that must not overlap, one at a time, in the order of the calls. */

/** Runs the work after all earlier work has ended, whether it succeeded or failed. */
export type Exclusive = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Creates a queue. */
export const exclusive = (): Exclusive => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    // A failure goes to its caller only; later work just waits for the end.
    last = turn.catch(() => undefined);
    return turn;
  };
};
