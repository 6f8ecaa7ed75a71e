/** Whether a request of an operator has failed in the role that it was for. */
import type { Configuration } from '../../infra/configuration';
import type { FailedRequest } from '../../infra/dead-letters/redrive/redrive';
import { request } from './server-client';

/** Why the request could not be carried out; undefined where nothing says so. */
export const refusalOf = async (configuration: Configuration, requestId: number): Promise<string | undefined> => {
  const { items } = (await request(configuration, 'GET', '/ops/requests?limit=1000')) as {
    readonly items: ReadonlyArray<FailedRequest>;
  };
  return items.find(({ id }) => id === requestId)?.reason;
};
