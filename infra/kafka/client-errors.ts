/** Errors of the Kafka client: which call failed, and the name by which failures are counted. */
import { EngineFault } from '../engine-fault';
import type { LibrdKafkaError } from '@confluentinc/kafka-javascript';
import type { NotReached } from './answer-watch';
import { CODES } from './native-client';

/** The error codes. */
export const errorCodes = CODES.ERRORS;

const NOT_REACHED: ReadonlySet<number> = new Set([
  errorCodes.ERR__TRANSPORT,
  errorCodes.ERR__TIMED_OUT,
  errorCodes.ERR__TIMED_OUT_QUEUE,
  errorCodes.ERR__ALL_BROKERS_DOWN,
  errorCodes.ERR__AUTHENTICATION,
  errorCodes.ERR__SSL,
  errorCodes.ERR__RESOLVE,
]);

/** A call to Kafka failed. */
export class KafkaError extends EngineFault implements NotReached {
  override readonly name = 'KafkaError';
  /** Whether it failed because no broker was reached. */
  get isNotReached(): boolean {
    return NOT_REACHED.has(this.code);
  }
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
