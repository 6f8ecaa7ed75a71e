/** The programs that a real broker needs, and what to install where they are missing. */
import { spawn } from 'node:child_process';

/** A real Kafka can't be had on this machine; the message says what to install. */
export class KafkaUnavailable extends Error {
  override readonly name = 'KafkaUnavailable';
}

/** Somebody else listens where the broker was told to. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
  constructor(port: number) {
    super(`Kafka can't listen on 127.0.0.1:${port}: somebody else does`);
  }
}

const MIN_JAVA_VERSION = 17;
const INSTALL =
  'on Debian or Ubuntu: apt-get install openjdk-17-jre-headless maven; on macOS: brew install openjdk@17 maven';

/** How a program ended, with all that it printed. */
export interface Outcome {
  /** Null where it could not be started at all. */
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program to its end, at most so long. */
export const runProgram = async (
  program: string,
  parameters: ReadonlyArray<string>,
  timeoutMs: number,
): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = spawn(program, [...parameters], { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const output = (): string => Buffer.concat(chunks).toString('utf8');
    child.on('error', (error) => resolve({ status: null, output: error.message }));
    child.on('close', (code) => resolve({ status: code ?? -1, output: output() }));
  });

const VERSION_TIMEOUT_MS = 30_000;

/** Throws {@link KafkaUnavailable} where there is no Java, or an old one. */
export const requireJava = async (): Promise<void> => {
  const { status, output } = await runProgram('java', ['-version'], VERSION_TIMEOUT_MS);
  const version = status === 0 ? javaVersion(output) : undefined;
  if (version !== undefined && version >= MIN_JAVA_VERSION) return;
  const found = version === undefined ? 'there is no java on the PATH' : `the java on the PATH is version ${version}`;
  throw new KafkaUnavailable(`a real Kafka runs on Java ${MIN_JAVA_VERSION} or newer, but ${found}: ${INSTALL}`);
};

/** The major version in what `java -version` prints; `1.8` is 8. */
export const javaVersion = (text: string): number | undefined => {
  const match = /version "(?:1\.)?(\d+)/.exec(text);
  return match === null ? undefined : Number(match[1]);
};

/** Throws {@link KafkaUnavailable} where there is no Maven. */
export const requireMaven = async (): Promise<void> => {
  const { status } = await runProgram('mvn', ['-version'], VERSION_TIMEOUT_MS);
  if (status === 0) return;
  throw new KafkaUnavailable(`Kafka's own files are fetched with Maven, but there is no mvn on the PATH: ${INSTALL}`);
};
