/** What an author sees of a mistake. */

/** The error that a piece of code throws, or a promise rejects with. */
export const thrownBy = async (work: () => unknown): Promise<Error> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`it throws what is no error: ${String(error)}`, { cause: error });
  }
  throw new Error('it throws nothing');
};

/** Its message. */
export const messageOf = async (work: () => unknown): Promise<string> => (await thrownBy(work)).message;
