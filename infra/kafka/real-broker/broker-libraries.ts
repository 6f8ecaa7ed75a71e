/** Kafka's own jars: fetched once, kept in the checkout by version. */
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../clock';
import type { Logger } from '../../logger';
import { KafkaUnavailable, requireMaven, runProgram } from './tools';

const FETCH_TIMEOUT_MS = 600_000;
/** Written last: a folder without it was never finished. */
const MARKER = 'complete';
const UNFINISHED = 'unfinished-';

/** The folder of the checkout, found from the compiled file that is somewhere in it. */
const checkoutFolder = (): string => {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${__dirname}`);
    folder = parent;
  }
  return folder;
};

/** Where everything about the real Kafka is kept; ignored by git. */
export const kafkaFolder = (): string => join(checkoutFolder(), '.kafka');

const pomFile = (): string => join(checkoutFolder(), 'infra', 'kafka', 'real-broker', 'pom.xml');

/** The versions that the pom names are the folder's name, so that another version is another folder. */
const librariesFolder = (): string => {
  const dependencies = readFileSync(pomFile(), 'utf8').split('<dependencies>')[1] ?? '';
  const versions = [...dependencies.matchAll(/<version>([^<]+)<\/version>/g)].map((match) => match[1] ?? '');
  return join(kafkaFolder(), `libs-${[...new Set(versions)].join('-')}`);
};

/** The folder with Kafka's jars; fetches them where they are not there yet. Throws {@link KafkaUnavailable}. */
export const brokerLibraries = async (clock: Clock, logger: Logger): Promise<string> => {
  const folder = librariesFolder();
  if (existsSync(join(folder, MARKER))) return folder;
  await requireMaven();
  logger.info({ folder }, 'fetching Apache Kafka (about 54 MB, once)');
  removeUnfinished();
  // Into a folder of its own, renamed when whole: whoever starts at the same time neither sees nor writes half of it.
  const unfinished = join(kafkaFolder(), `${UNFINISHED}${process.pid}-${clock.newId()}`);
  const { status, output } = await runProgram('mvn', fetchParameters(unfinished), FETCH_TIMEOUT_MS);
  if (status !== 0 || !existsSync(unfinished)) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new KafkaUnavailable(`Maven could not fetch Apache Kafka:\n${output.trim().slice(-2_000)}`);
  }
  writeFileSync(join(unfinished, MARKER), `${readdirSync(unfinished).length} jars\n`);
  keep(unfinished, folder);
  return folder;
};

const fetchParameters = (folder: string): ReadonlyArray<string> => [
  '--quiet',
  '--batch-mode',
  '--file',
  pomFile(),
  'dependency:copy-dependencies',
  '-DincludeScope=runtime',
  `-DoutputDirectory=${folder}`,
];

const keep = (unfinished: string, folder: string): void => {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Someone else was faster: theirs is as good.
    if (!existsSync(join(folder, MARKER))) throw error;
  }
};

/** What was left by processes that are gone. */
const removeUnfinished = (): void => {
  if (!existsSync(kafkaFolder())) return;
  for (const name of readdirSync(kafkaFolder())) {
    const pid = new RegExp(`^${UNFINISHED}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    rmSync(join(kafkaFolder(), name), { recursive: true, force: true });
  }
};

/** Whether a process with this id exists. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
