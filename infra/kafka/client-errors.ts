/** Errors of the Kafka client: which call failed, and the name by which failures are counted. */
import { EngineFault } from '../engine-fault';
import type { LibrdKafkaError } from '@confluentinc/kafka-javascript';
import { CODES } from './native-client';

/** The error codes. */
export const errorCodes = CODES.ERRORS;

/** A call to Kafka failed. */
export class KafkaError extends EngineFault {
  override readonly name = 'KafkaError';
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** Creates an error that names the failed call. */
export const kafkaError = (what: string, error: LibrdKafkaError): KafkaError =>
  new KafkaError(error.code, `${what}: ${error.message}`);

const namesByCode = new Map(Object.entries(errorCodes).map(([name, code]) => [code, name]));

/** Returns the name by which a failure is counted: `ERR_MSG_SIZE_TOO_LARGE` is `msg-size-too-large`. */
export const failureClass = (code: number): string =>
  (namesByCode.get(code) ?? `ERR_CODE_${code}`)
    .replace(/^ERR_+/, '')
    .toLowerCase()
    .replaceAll('_', '-');

/** Turns a call with a callback into a promise; `what` names the call in errors. */
export const answerOf = <Answer>(
  what: string,
  ask: (callback: (error: LibrdKafkaError | null | undefined, answer: Answer) => void) => void,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    try {
      ask((error, answer) => {
        if (error === null || error === undefined) resolve(answer);
        else reject(kafkaError(what, error));
      });
    } catch (error) {
      reject(error instanceof Error ? error : new Error(`${what}: ${String(error)}`));
    }
  });
