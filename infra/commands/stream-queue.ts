/** Commands for the same stream one after the other, in the order they came; different streams don't wait for each other. */

/** Runs `work` once every earlier work on the same stream has ended. */
export type InStreamOrder = <Result>(stream: string, work: () => Promise<Result>) => Promise<Result>;

/** A queue per stream that has work, and none for the rest. */
export const streamQueue = (): InStreamOrder => {
  const tails = new Map<string, Promise<unknown>>();
  return (stream, work) => {
    const before = tails.get(stream);
    // The work before has its own caller to tell of its failure.
    const result = before === undefined ? work() : before.then(work, work);
    tails.set(stream, result);
    const forget = (): void => {
      if (tails.get(stream) === result) tails.delete(stream);
    };
    result.then(forget, forget);
    return result;
  };
};
