/** The development broker from Kafka's published image, for machines with a Docker engine but without Java. */
import { runProgram } from './tools';

const IMAGE = 'apache/kafka:4.3.0';
const CONTAINER = 'tidemark-kafka';
const ASK_TIMEOUT_MS = 10_000;
const RUN_TIMEOUT_MS = 600_000;

/** Whether a Docker engine answers. */
export const dockerAnswers = async (): Promise<boolean> =>
  (await runProgram('docker', ['version', '--format', '{{.Server.Version}}'], ASK_TIMEOUT_MS)).status === 0;

/** Whether the container runs. */
export const dockerKafkaRuns = async (): Promise<boolean> => {
  const { status, output } = await runProgram(
    'docker',
    ['inspect', '--format', '{{.State.Running}}', CONTAINER],
    ASK_TIMEOUT_MS,
  );
  return status === 0 && output.trim() === 'true';
};

/** Starts the container, with its data where it ran before. */
export const startDockerKafka = async (port: number): Promise<void> => {
  const again = await runProgram('docker', ['start', CONTAINER], ASK_TIMEOUT_MS);
  if (again.status === 0) return;
  // The image's own settings advertise localhost:9092 and suit a single node.
  const published = `127.0.0.1:${port}:9092`;
  const run = await runProgram('docker', ['run', '-d', '--name', CONTAINER, '-p', published, IMAGE], RUN_TIMEOUT_MS);
  if (run.status !== 0) throw new Error(`Docker could not run ${IMAGE}:\n${run.output.trim().slice(-2_000)}`);
};

/** Stops the container; its data stay in it. */
export const stopDockerKafka = async (): Promise<void> => {
  const { status, output } = await runProgram('docker', ['stop', CONTAINER], RUN_TIMEOUT_MS);
  if (status !== 0) throw new Error(`Docker could not stop ${CONTAINER}:\n${output.trim()}`);
};
