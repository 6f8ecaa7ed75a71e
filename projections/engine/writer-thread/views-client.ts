/** The writer thread's operations as the rest of the program calls them: one method for each, answered asynchronously. */
import type { InputOf, OperationName, OutputOf } from './messages';

/** An operation's input; what is in `transfer` is handed over and no longer usable by the caller. */
export type ViewsClient = {
  readonly [Name in OperationName]: (
    input: InputOf<Name>,
    transfer?: ReadonlyArray<ArrayBuffer>,
  ) => Promise<OutputOf<Name>>;
};

/** Sends one call to whoever runs the operations. */
export type SendCall = <Name extends OperationName>(
  name: Name,
  input: InputOf<Name>,
  transfer?: ReadonlyArray<ArrayBuffer>,
) => Promise<OutputOf<Name>>;

/** Makes a client: each method sends a call of its own name. */
export const viewsClient = (send: SendCall): ViewsClient =>
  new Proxy({} as ViewsClient, {
    get: (_client, name) =>
      // A client must not look like a promise to whoever awaits it.
      typeof name !== 'string' || name === 'then'
        ? undefined
        : // The type lets only names of operations through.
          (input: InputOf<OperationName>, transfer?: ReadonlyArray<ArrayBuffer>) =>
            send(name as OperationName, input, transfer),
  });

/** Hands calls on to a client, for who stands between it and its callers. */
export const sendTo =
  (client: ViewsClient): SendCall =>
  (name, input, transfer) =>
    client[name](input, transfer);
