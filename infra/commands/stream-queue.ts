/** Queues commands per stream, in the order of arrival; different streams don't wait for each other. */

/** Runs `work` once every earlier work on the same stream has ended. */
export type InStreamOrder = <Result>(stream: string, work: () => Promise<Result>) => Promise<Result>;

/** Creates the queues; only streams with work have one. */
export const streamQueue = (): InStreamOrder => {
  const tails = new Map<string, Promise<unknown>>();
  return (stream, work) => {
    const before = tails.get(stream);
    // A failure of the previous work goes to its own caller.
    const result = before === undefined ? work() : before.then(work, work);
    tails.set(stream, result);
    const forget = (): void => {
      if (tails.get(stream) === result) tails.delete(stream);
    };
    result.then(forget, forget);
    return result;
  };
};
