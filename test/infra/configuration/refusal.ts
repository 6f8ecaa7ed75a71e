/** What the configuration says of an environment that it does not take. */
import { ConfigurationError, readConfiguration } from '../../../infra/configuration';

type Environment = Readonly<Record<string, string>>;

/** The sentence; throws where the environment is taken. */
export const refusal = (environment: Environment): string => {
  try {
    readConfiguration(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(environment)} should have been refused`);
};
