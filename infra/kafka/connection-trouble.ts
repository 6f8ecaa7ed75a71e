/**
 * Why clients can't connect. Their calls fail with 'broker transport failure' and their errors say 'ssl error'; what the
 * broker or OpenSSL said stands in their log. It is kept here, in words, for the status of whoever waits.
 */
import type { Clock } from '../clock';
import type { KafkaConnection } from '../configuration';
import type { Logger } from '../logger';
import { KafkaError } from './client-errors';
import { failureOf, type ConnectionFailure } from './connection-failures';
import { diagnoseTls } from './tls-diagnosis';

/** A line that a client logs. */
export interface ClientLogLine {
  readonly fac: string;
  readonly message: string;
}

export interface ConnectionTrouble {
  /** Takes a line of a client's log. */
  readonly note: (client: string, line: ClientLogLine) => void;
  /** Takes a failure that the program itself has met. */
  readonly noteReason: (client: string, reason: string) => void;
  /** Why clients can't connect, as of now; undefined where nothing is known. */
  readonly current: () => string | undefined;
  /** Runs a call to Kafka; where no broker was reached, its failure says why. */
  readonly explain: <Answer>(call: () => Promise<Answer>) => Promise<Answer>;
}

/** A failure that is older says nothing of the one that is met now. */
const FRESH_MS = 60_000;
/** One look at a broker's certificate in so long is enough. */
const DIAGNOSIS_INTERVAL_MS = 30_000;

/** The same words are logged once in so long. */
const TELL_INTERVAL_MS = 60_000;
const MAX_REASONS = 100;

export interface ConnectionTroubleOptions {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Of all clients of one connection: they share its settings, and so its trouble. */
export const connectionTrouble = ({ connection, clock, logger }: ConnectionTroubleOptions): ConnectionTrouble => {
  let last: { readonly reason: string; readonly needsPerson: boolean; readonly atMs: number } | undefined;
  const toldAtMs = new Map<string, number>();
  // Who sets KAFKA_DEBUG wants to read what the client then says.
  const isDebugged = connection.settings?.['debug'] !== undefined;
  const diagnosedAtMs = new Map<string, number>();
  const diagnoses = new Map<string, string>();

  const tell = (client: string, reason: string, needsPerson: boolean): void => {
    const nowMs = clock.monotonicMs();
    // A name may stand for two addresses, of which one is no broker's: what a person has to mend is not covered by that.
    const isWeaker = last?.needsPerson === true && !needsPerson && nowMs - last.atMs < FRESH_MS;
    if (!isWeaker) last = { reason, needsPerson, atMs: nowMs };
    // Clients come back several times a second, by turns with different words.
    if (nowMs < (toldAtMs.get(reason) ?? -Infinity) + TELL_INTERVAL_MS) return;
    if (toldAtMs.size >= MAX_REASONS) toldAtMs.clear();
    toldAtMs.set(reason, nowMs);
    logger[needsPerson ? 'warn' : 'debug']({ client, reason }, 'Kafka: trouble with a connection');
  };

  const diagnose = (client: string, failure: ConnectionFailure): void => {
    const { address } = failure;
    const nowMs = clock.monotonicMs();
    if (nowMs < (diagnosedAtMs.get(address) ?? -Infinity) + DIAGNOSIS_INTERVAL_MS) return;
    diagnosedAtMs.set(address, nowMs);
    void diagnoseTls(connection, address).then((finding) => {
      if (finding === undefined) diagnoses.delete(address);
      else {
        diagnoses.set(address, finding);
        tell(client, finding, true);
      }
    });
  };

  return {
    note: (client, { fac, message }) => {
      const failure = fac === 'FAIL' ? failureOf(message, connection) : undefined;
      if (failure === undefined) {
        logger[isDebugged ? 'info' : 'debug']({ client, fac, reason: message }, 'Kafka: a line of the client');
        return;
      }
      const finding = failure.askTls ? diagnoses.get(failure.address) : undefined;
      tell(client, finding ?? failure.reason, failure.needsPerson || finding !== undefined);
      if (failure.askTls) diagnose(client, failure);
    },
    noteReason: (client, reason) => tell(client, reason, true),
    current: () => (last !== undefined && clock.monotonicMs() - last.atMs < FRESH_MS ? last.reason : undefined),
    explain: async (call) => {
      try {
        const answer = await call();
        last = undefined;
        return answer;
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.isNotReached || last === undefined) throw error;
        if (clock.monotonicMs() - last.atMs >= FRESH_MS) throw error;
        throw new KafkaError(error.code, `${error.message}: ${last.reason}`);
      }
    },
  };
};
