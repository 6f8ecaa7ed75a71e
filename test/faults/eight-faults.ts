/**
 * Eight faults on a real Kafka, one at a time: readiness, /ops/stages and the shipped alert rules each name the right one within fifteen
 * seconds, and none names another. `make faults` runs it (FAULTS=part-of-a-name runs some).
 */
import * as assert from 'uvu/assert';
import { systemClock } from '../../infra/clock';
import { produceRaw } from '../support/broker-admin';
import { whyNoKafka } from '../support/kafka';
import { ownKafka, type OwnKafka } from '../support/own-kafka';
import { specUnless } from '../support/kafka-spec';
import { eventually } from '../support/server';
import { KEY, startInstallation, type Installation } from './installation';
import { startPrometheus, whyNoPrometheus, type Prometheus } from './prometheus';

const NAMED_MS = 15_000;
/** After a cure. */
const QUIET_MS = 90_000;
const HOT_RECORDS = 150;

/** A fault may need all of it, and the cure of the one before. */
const TEST_TIMEOUT_MS = QUIET_MS + NAMED_MS + 60_000;
/** They speak of a busy machine, such as one that runs tests. */
const LOAD = /^(CommandsSlow|EventLoopBlocked) /;

const subjectOf = ({ group, topic, stage, file, instance, state }: Readonly<Record<string, string>>): string =>
  group ?? topic ?? stage ?? file ?? instance ?? state ?? '';

/** Before what the stages say; what readiness says has none. */
const STAGES = '/ops/stages: ';
const withoutSource = (said: string): string => said.replace(STAGES, '');

interface Fault {
  readonly name: string;
  readonly plant: () => void | Promise<void>;
  readonly cure: () => void | Promise<void>;
  /** `alert subject` that has to be active. */
  readonly alert: RegExp;
  /** `stage state` that readiness has to name. */
  readonly stage: RegExp;
  /** What else may be said of the same fault. */
  readonly also: RegExp;
}

const define = (missing: string | undefined): void =>
  specUnless(missing, 'a fault', ({ test, before, after }) => {
    let broker: OwnKafka;
    let installation: Installation;
    let prometheus: Prometheus;
    let letters = /^$/;

    const alerts = async (): Promise<ReadonlyArray<string>> =>
      (await prometheus.alerts()).map(({ name, labels }) => `${name.replace('Tidemark', '')} ${subjectOf(labels)}`);
    const stages = async (): Promise<ReadonlyArray<string>> =>
      (await installation.named()).map(({ stage, state }) => `${stage} ${state}`);
    const findings = async (): Promise<ReadonlyArray<string>> =>
      (await installation.findings()).map(({ stage, state }) => `${STAGES}${stage} ${state}`);
    const said = async (): Promise<ReadonlyArray<string>> =>
      [...(await alerts()), ...(await stages()), ...(await findings())].filter(
        (each) => !letters.test(withoutSource(each)) && !LOAD.test(each),
      );

    before(async () => {
      broker = await ownKafka();
      installation = await startInstallation(broker.servers);
      prometheus = await startPrometheus(installation.ports, KEY);
      await eventually('Prometheus looks at all parts', async () => (await alerts()).length === 0);
    });
    after(async () => {
      await installation.stop();
      prometheus.stop();
      await broker.stop();
    });

    const faults: ReadonlyArray<Fault> = [
      {
        name: 'a relay that was stopped',
        plant: async () => installation.end('relay', 'SIGTERM'),
        cure: () => installation.start('relay'),
        alert: /^RelayStopped stopped$/,
        stage: /^relay stopped$/,
        also: /^(ProcessDown relay|LeaseNotHeld relay|NotReady relay|RelayBehind .*)$/,
      },
      {
        name: 'a relay that hangs',
        plant: () => installation.signal('relay', 'SIGSTOP'),
        cure: () => installation.signal('relay', 'SIGCONT'),
        alert: /^RelayStopped silent$/,
        stage: /^relay silent$/,
        also: /^(ProcessDown relay|LeaseNotHeld relay|NotReady relay|RelayBehind .*|relay running)$/,
      },
      {
        name: 'a broker that is down',
        plant: async () => broker.kill(),
        cure: async () => broker.restart(),
        alert: /^BrokerUnreachable/,
        stage: /^relay retrying$/,
        also: /^(\S+ retrying|NotReady .*)$/,
      },
      {
        name: 'a hot partition',
        plant: async () => {
          for (let count = 0; count < HOT_RECORDS; count += 1) await installation.receiveStock('hot');
        },
        cure: () => undefined,
        alert: /^PartitionSkewed stock$/,
        stage: /^stock skewed$/,
        also: /^$/,
      },
      {
        name: 'a slow handler',
        plant: () => installation.handler('slow'),
        cure: () => installation.handler(''),
        alert: /^HandlerSlow order-summary$/,
        stage: /^order-summary behind$/,
        also: /^GroupBehind order-summary$/,
      },
      {
        name: 'reactors without a valid key',
        plant: async () => {
          await installation.end('reactors', 'SIGTERM');
          // A program that knows the keys of the API refuses to start with another one.
          installation.start('reactors', { API_KEYS: '', API_KEY: 'no-such-key-00001' });
          const isOfRestart = (each: string): boolean => /stopped|ProcessDown|LeaseNotHeld|GroupStopped/.test(each);
          await eventually('the restart is over', async () => !(await said()).some(isOfRestart));
        },
        cure: async () => {
          await installation.end('reactors', 'SIGTERM');
          installation.start('reactors');
        },
        alert: /^GroupRetrying fulfilment$/,
        stage: /^fulfilment retrying$/,
        also: /^(NotReady|GroupBehind) fulfilment$/,
      },
      {
        name: 'a projector that hangs',
        plant: () => installation.handler('hang'),
        cure: async () => {
          installation.handler('');
          await installation.end('projections', 'SIGKILL');
          installation.start('projections');
        },
        alert: /^GroupStopped order-summary$/,
        stage: /^order-summary silent$/,
        // One thread writes all views.
        also: /^(GroupStopped stock-level|stock-level silent|LeaseNotHeld views|NotReady (order-summary|stock-level))$/,
      },
      {
        name: 'a poisoned key',
        plant: async () => {
          await produceRaw(broker.servers, {
            topic: 'orders',
            partition: 0,
            key: 'poisoned',
            value: Buffer.from('{'),
            headers: [{ 'content-type': 'application/cloudevents+json' }],
          });
        },
        cure: () => {
          // A dead letter is named until an operator has dealt with it.
          letters = /^(DeadLetters .*|\S+ running)$/;
        },
        alert: /^DeadLetters order-summary$/,
        stage: /^order-summary running$/,
        also: /^(DeadLetters fulfilment|fulfilment running)$/,
      },
    ];

    const wanted = process.env['FAULTS'] ?? '';
    for (const { name, plant, cure, alert, stage, also } of faults.filter((fault) => fault.name.includes(wanted)))
      test(
        `is named: ${name}`,
        async () => {
          await eventually('nothing is named', async () => (await said()).length === 0, QUIET_MS).catch(
            async (error: unknown) => {
              throw new Error(`${String(error)}: ${(await said()).join(', ')}`);
            },
          );
          await plant();
          const plantedMs = systemClock.monotonicMs();
          const others = new Set<string>();
          const at = new Map<string, number>();
          while (systemClock.monotonicMs() - plantedMs < NAMED_MS) {
            for (const each of await said()) {
              if (!at.has(each)) at.set(each, Math.round((systemClock.monotonicMs() - plantedMs) / 100) / 10);
              if (![alert, stage, also].some((known) => known.test(withoutSource(each)))) others.add(each);
            }
            await systemClock.sleep(500);
          }
          await cure();
          const report = [...at].map(([each, seconds]) => `${each} (${seconds} s)`).join(', ');
          if (process.env['FAULTS_VERBOSE'] !== undefined)
            process.stderr.write(
              `${name}: ${report}\n${process.env['FAULTS_VERBOSE'] === '2' ? installation.output() : ''}`,
            );
          for (const [named, prefix] of [
            [alert, ''],
            [stage, ''],
            [stage, STAGES],
          ] as const)
            assert.ok(
              [...at.keys()].some((each) => each.startsWith(prefix) && named.test(each.slice(prefix.length))),
              `${prefix}${String(named)} is not among: ${report}`,
            );
          assert.equal([...others], []);
        },
        { timeoutMs: TEST_TIMEOUT_MS },
      );
  });

void whyNoKafka().then((missing) => define(missing ?? whyNoPrometheus()));
