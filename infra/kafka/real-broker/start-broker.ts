/** Starts a single-node Apache Kafka (KRaft) on the loopback address, in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Clock } from '../../clock';
import { silentLogger, type Logger } from '../../logger';
import { makePrivateFolder, tightenFolder } from '../../files/private-files';
import { writeWholeText } from '../../files/whole-file';
import { openAdmin } from '../admin-client';
import { connectionSettings } from '../client-settings';
import { logTopicsOn } from '../log-topics';
import { brokerLibraries } from './broker-libraries';
import {
  brokerPropertiesText,
  readIdentity,
  type BrokerIdentity,
  type BrokerProperties,
  type ExtraListener,
} from './broker-properties';
import { freePort, isTaken } from './free-port';
import { PortTaken, requireJava, runProgram } from './tools';

export interface StartBrokerOptions {
  /** A folder that was a broker's before is reused; any other is made one. */
  readonly dataDirectory: string;
  /** Absent: the one that the folder had before, or a free one. */
  readonly port?: number;
  readonly controllerPort?: number;
  /** Survives this process; otherwise it is killed when this process ends. */
  readonly detached?: boolean;
  readonly extraListeners?: ReadonlyArray<ExtraListener>;
  /** Further settings of the broker. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Further parameters of Kafka's format command, such as SCRAM users. */
  readonly formatParameters?: ReadonlyArray<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RunningBroker {
  readonly servers: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDirectory: string;
  /** Resolves with a sentence when the process ends, whoever ended it. */
  readonly ended: Promise<string>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** kill -9; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** In order at first, by force at the deadline. */
  readonly stop: () => Promise<void>;
}

const START_TIMEOUT_MS = 90_000;
const START_POLL_MS = 100;
const METADATA_TIMEOUT_MS = 1_000;
const STOP_TIMEOUT_MS = 20_000;
const FORMAT_TIMEOUT_MS = 60_000;
const PORT_ATTEMPTS = 3;
const JVM_FLAGS = ['-Xmx512m', '-XX:+UseSerialGC', '-Dlog4j2.level=INFO'];

/** The broker's process came to its end before it was ready. */
class BrokerEnded extends Error {
  override readonly name = 'BrokerEnded';
}

/** Resolves when a client gets an answer from the broker. Throws KafkaUnavailable without Java or its jars. */
export const startBroker = async (options: StartBrokerOptions): Promise<RunningBroker> => {
  await requireJava();
  const libraries = await brokerLibraries(options.clock, options.logger);
  const isNew = !existsSync(files(options.dataDirectory).properties);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options, join(libraries, '*'));
    } catch (error) {
      // A free port may be taken before the broker listens; only ports of its own choice can be chosen again.
      const again = error instanceof BrokerEnded && isNew && options.port === undefined;
      if (!again || attempt === PORT_ATTEMPTS) throw error;
      rmSync(options.dataDirectory, { recursive: true, force: true });
    }
  }
};

/** The files of a broker's folder. */
export const files = (dataDirectory: string) => ({
  properties: join(dataDirectory, 'server.properties'),
  log: join(dataDirectory, 'log'),
  output: join(dataDirectory, 'broker.log'),
  pid: join(dataDirectory, 'broker.pid'),
});

const startOnce = async (options: StartBrokerOptions, classPath: string): Promise<RunningBroker> => {
  const { dataDirectory, detached = false, clock } = options;
  const properties = await prepare(options, classPath);
  const { port, nodeId } = properties;
  const places = files(dataDirectory);
  const output = openSync(places.output, 'a');
  const child = spawn('java', [...JVM_FLAGS, '-cp', classPath, 'kafka.Kafka', places.properties], {
    detached,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const killChild = (): void => void child.kill('SIGKILL');
  if (!detached) process.once('exit', killChild);
  const guard = detached ? undefined : guardOf(child);
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`java could not be started: ${error.message}`));
    child.on('exit', (code, signal) => resolve(`Kafka has ended (${signal ?? `exit ${code ?? '?'}`})`));
  });
  void ended.then(() => {
    process.off('exit', killChild);
    guard?.kill('SIGKILL');
  });
  const pid = child.pid ?? 0;
  writeWholeText(places.pid, `${pid}\n`);
  const servers = `127.0.0.1:${port}`;
  try {
    await untilReady(servers, nodeId, ended, clock);
  } catch (error) {
    killChild();
    await ended;
    const last = readFileSync(places.output, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
    if (error instanceof Error) error.message += `; its last lines:\n${last}`;
    throw error;
  }
  child.unref();
  return {
    servers,
    port,
    pid,
    dataDirectory,
    ended,
    signal: (signal) => void child.kill(signal),
    kill: async () => {
      child.ref();
      child.kill('SIGKILL');
      await ended;
    },
    stop: () => stopChild(child, ended, clock),
  };
};

/** Kills the broker when the other end of its pipe has gone: also where this process is killed and can't do it itself. */
const guardOf = (broker: ChildProcess): ChildProcess => {
  const guard = spawn('sh', ['-c', 'read -r _; kill -9 "$1"', 'sh', String(broker.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Where there is no sh, the listener for the end of this process has to do.
  guard.on('error', () => undefined);
  guard.unref();
  // A pipe to a child is a socket, which Node's types don't say; it must not keep this process alive.
  (guard.stdin as Writable & { readonly unref: () => void }).unref();
  return guard;
};

/** Writes the settings, and formats the folder where it is new. */
const prepare = async (options: StartBrokerOptions, classPath: string): Promise<BrokerProperties> => {
  const { dataDirectory } = options;
  const places = files(dataDirectory);
  const before = existsSync(places.properties) ? readIdentity(readFileSync(places.properties, 'utf8')) : undefined;
  const properties: BrokerProperties = {
    ...(await identityOf(options, before)),
    logFolder: places.log,
    extraListeners: options.extraListeners ?? [],
    further: options.properties ?? {},
  };
  for (const port of [properties.port, properties.controllerPort]) {
    if (await isTaken(port)) throw new PortTaken(port);
  }
  // The broker itself makes files as the umask says: its folder keeps others out.
  makePrivateFolder(dataDirectory);
  tightenFolder(dataDirectory, ['']);
  if (before !== undefined) {
    writeWholeText(places.properties, brokerPropertiesText(properties));
    return properties;
  }
  // A folder has its settings under their name only once it is formatted.
  const unformatted = `${places.properties}.new`;
  writeWholeText(unformatted, brokerPropertiesText(properties));
  rmSync(places.log, { recursive: true, force: true });
  await format(options, classPath, unformatted);
  renameSync(unformatted, places.properties);
  return properties;
};

const identityOf = async (
  { port, controllerPort, clock }: StartBrokerOptions,
  before: BrokerIdentity | undefined,
): Promise<BrokerIdentity> => ({
  nodeId: before?.nodeId ?? 1 + Math.floor(clock.random() * 1_000_000),
  port: port ?? before?.port ?? (await freePort()),
  controllerPort: controllerPort ?? before?.controllerPort ?? (await freePort()),
});

const format = async (options: StartBrokerOptions, classPath: string, file: string): Promise<void> => {
  const { dataDirectory, clock, formatParameters = [] } = options;
  const parameters = ['format', '--standalone', '-t', clusterId(clock), '-c', file, ...formatParameters];
  const { status, output } = await runProgram(
    'java',
    ['-cp', classPath, 'kafka.tools.StorageTool', ...parameters],
    FORMAT_TIMEOUT_MS,
  );
  if (status !== 0) throw new Error(`Kafka could not format ${dataDirectory}:\n${output.trim().slice(-2_000)}`);
};

/** Kafka writes its ids as base64 of 16 bytes; one that begins with a dash would read as an option. */
const clusterId = (clock: Clock): string =>
  Buffer.from(clock.newId().replaceAll('-', ''), 'hex').toString('base64url').replace(/^-/, 'A');

const untilReady = async (servers: string, nodeId: number, ended: Promise<string>, clock: Clock): Promise<void> => {
  const settings = connectionSettings({ brokers: servers, securityProtocol: 'plaintext' });
  const admin = openAdmin({ ...settings, 'reconnect.backoff.max.ms': START_POLL_MS }, silentLogger);
  const topics = logTopicsOn({ ask: (question) => question(admin), close: () => undefined }, clock, silentLogger);
  const untilMs = clock.monotonicMs() + START_TIMEOUT_MS;
  let end: string | undefined;
  void ended.then((reason) => {
    end = reason;
  });
  try {
    for (;;) {
      const brokers = await topics.brokers(METADATA_TIMEOUT_MS).catch((): ReadonlyArray<number> => []);
      if (end !== undefined) throw new BrokerEnded(end);
      if (brokers.includes(nodeId)) return;
      if (brokers.length > 0) throw new Error(`another Kafka listens on ${servers}`);
      if (clock.monotonicMs() > untilMs) throw new Error(`Kafka did not answer within ${START_TIMEOUT_MS} ms`);
      await clock.sleep(START_POLL_MS);
    }
  } finally {
    admin.disconnect();
  }
};

const stopChild = async (child: ChildProcess, ended: Promise<string>, clock: Clock): Promise<void> => {
  child.ref();
  child.kill('SIGTERM');
  const patience = new AbortController();
  const late = clock.sleep(STOP_TIMEOUT_MS, patience.signal).then(() => child.kill('SIGKILL'));
  await ended;
  patience.abort();
  await late;
};
