/** Looks up whether a role failed to carry out an operator's request. */
import type { Configuration } from '../../infra/configuration';
import type { FailedRequest } from '../../infra/dead-letters/redrive/redrive';
import { request } from './server-client';

/** Returns why the request could not be carried out; undefined if it is not among the failed requests. */
export const refusalOf = async (configuration: Configuration, requestId: number): Promise<string | undefined> => {
  const { items } = (await request(configuration, 'GET', '/ops/requests?limit=1000')) as {
    readonly items: ReadonlyArray<FailedRequest>;
  };
  return items.find(({ id }) => id === requestId)?.reason;
};
