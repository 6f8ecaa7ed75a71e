/** Starts the embedded broker's process and asks it for topics. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { BrokerAnswer } from './broker-messages';

const SCRIPT = join(__dirname, 'broker-process.js');
const START_TIMEOUT_MS = 20_000;
const ANSWER_TIMEOUT_MS = 10_000;

export interface EmbeddedBroker {
  readonly servers: string;
  readonly pid: number;
  /** Makes the topic, or finds it made, and returns its partition count. */
  readonly makeTopic: (topic: string) => Promise<number>;
  /** Resolves with a sentence when the process ends, whoever ended it. */
  readonly ended: Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Resolves when clients can connect. */
export const startEmbeddedBroker = async (): Promise<EmbeddedBroker> => {
  const child = fork(SCRIPT, [], {
    // Flags of this process (a debugger's port, say) are not meant for the broker; little heap, for it holds nothing.
    execArgv: ['--max-old-space-size=64', '--max-semi-space-size=1'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`the embedded broker could not be started: ${error.message}`));
    child.on('exit', (code, signal) => resolve(`the embedded broker has ended (${signal ?? `exit ${code ?? '?'}`})`));
  });
  try {
    const servers = await answerTo(child, ended, START_TIMEOUT_MS, (answer) => {
      if (answer._tag === 'NotStarted') throw new Error(`the embedded broker did not start: ${answer.reason}`);
      return answer._tag === 'Started' ? answer.servers : undefined;
    });
    // Neither the process nor the channel to it keeps this process alive.
    child.unref();
    child.channel?.unref();
    return {
      servers,
      pid: child.pid ?? 0,
      ended,
      makeTopic: async (topic) => {
        const answer = answerTo(child, ended, ANSWER_TIMEOUT_MS, (each) => partitionsOf(topic, each));
        child.send({ topic });
        return answer;
      },
      stop: async () => {
        child.ref();
        child.kill('SIGKILL');
        await ended;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
};

const partitionsOf = (topic: string, answer: BrokerAnswer): number | undefined => {
  if (answer._tag !== 'TopicMade' || answer.topic !== topic) return undefined;
  if (answer.reason !== null) throw new Error(`the embedded broker did not make ${topic}: ${answer.reason}`);
  return answer.partitions;
};

/** Waits for the message that `read` makes something of; rejects when the process ends, or at the time-out. */
const answerTo = async <Answer>(
  child: ChildProcess,
  ended: Promise<string>,
  timeoutMs: number,
  read: (answer: BrokerAnswer) => Answer | undefined,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      child.off('message', listen);
      act();
    };
    const listen = (message: unknown): void => {
      try {
        // Only the script of this folder writes to the channel.
        const answer = read(message as BrokerAnswer);
        if (answer !== undefined) settle(() => resolve(answer));
      } catch (error) {
        settle(() => reject(error instanceof Error ? error : new Error(String(error))));
      }
    };
    const timer = setTimeout(() => {
      settle(() => reject(new Error(`the embedded broker did not answer within ${timeoutMs} ms`)));
    }, timeoutMs);
    child.on('message', listen);
    void ended.then((reason) => settle(() => reject(new Error(reason))));
  });
