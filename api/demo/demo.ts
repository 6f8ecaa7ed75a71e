/** The demonstration: posts orders through the API as a shop would, and checks that the read models agree. */
import { systemClock, type Clock } from '../../infra/clock';
import { apiClient, type ApiClient } from './api-client';
import { awaitConsequences } from './consequences';
import { inputFrom, type Input } from './input';
import { modelOf, type Model } from './model';
import { performAll, type Performed, type PerformOptions } from './perform';
import { progressOn, type DemoOutput } from './progress';
import { commandLines, countOf, figureLines, verdictLines } from './report';
import { settleStock } from './stock-settling';
import { agrees, verify, type Verification } from './verification';
import type { WebhookAddress } from './webhook-receiver';
import { openWebhooks, type Webhooks } from './webhooks';

export interface DemoOptions {
  readonly baseUrl: string;
  /** Absent: generated orders. */
  readonly ordersDirectory?: string;
  readonly apiKey?: string;
  readonly output: DemoOutput;
  /** How long the server may be away, and the read models behind, before it counts as a failure. */
  readonly patienceMs?: number;
  readonly clock?: Clock;
  /** Where the server sends the webhooks of deliveries, if it sends any to this machine. */
  readonly webhook?: WebhookAddress;
}

const PATIENCE_MS = 60_000;
/** Upper limit on concurrent commands, and on concurrent reads. */
const CONCURRENCY = 16;

/**
 * Runs the demonstration. It can be repeated on the same data, and on a server that holds other orders.
 * Returns the exit status: 0 if every row and every total agrees, 1 otherwise. Throws DemoStopped if the server can't be
 * reached or the process manager does not continue, and UnusableOrders if the orders can't be read.
 */
export const runDemo = async (options: DemoOptions): Promise<number> => {
  const webhooks = await openWebhooks(options.webhook, options.clock ?? systemClock);
  try {
    return await runWith(webhooks, options);
  } finally {
    await webhooks.close();
  }
};

const runWith = async (webhooks: Webhooks, options: DemoOptions): Promise<number> => {
  const { output, clock = systemClock, patienceMs = PATIENCE_MS } = options;
  const print = (...lines: ReadonlyArray<string>): void => void output.write(`${lines.join('\n')}\n`);
  const input = inputFrom(options.ordersDirectory);
  const client = apiClient({ ...options, clock, patienceMs });
  await client.ensureReady();
  print(`${input.source}: ${countOf(input.actions.length)} commands for ${options.baseUrl}`);

  const model = modelOf(input.orders);
  const startedMs = clock.monotonicMs();
  const performed = await perform(input, { client, model, clock, patienceMs }, output);
  print(...commandLines(performed, clock.monotonicMs() - startedMs));

  const performedMs = clock.monotonicMs();
  const { verification, late } = await settle(client, input, model, performed, performedMs + patienceMs);
  const received = await webhooks.settle(performed.delivered, performedMs + patienceMs);
  const seconds = ((clock.monotonicMs() - performedMs) / 1_000).toFixed(1);
  print(
    late.length === 0
      ? `all their consequences were visible in the views ${seconds} s later`
      : `after ${seconds} s these views had not seen all consequences: ${late.join(', ')} (see ${options.baseUrl}/ops/groups)`,
    '',
    ...figureLines(verification),
    '',
    ...verdictLines(verification),
    ...received.lines,
  );
  return agrees(verification) && late.length === 0 && received.agrees ? 0 : 1;
};

const perform = async (
  input: Input,
  options: Pick<PerformOptions, 'client' | 'model' | 'clock' | 'patienceMs'>,
  output: DemoOutput,
): Promise<Performed> => {
  const progress = progressOn(output, input.actions.length, options.clock);
  try {
    return await performAll(input.actions, { ...options, concurrency: CONCURRENCY, onProgress: progress.show });
  } finally {
    progress.end();
  }
};

/** The views are read one after another; if other clients write meanwhile, they may disagree at first. */
const MAX_ATTEMPTS = 3;

const settle = async (
  client: ApiClient,
  input: Input,
  model: Model,
  performed: Performed,
  deadlineMs: number,
): Promise<{ readonly verification: Verification; readonly late: ReadonlyArray<string> }> => {
  const waiting = { client, deadlineMs, concurrency: CONCURRENCY };
  const late = await awaitConsequences(performed.versions, model.owedEvents(), waiting);
  for (let reading = 1; ; reading += 1) {
    const stock = await settleStock(model.stock(), { ...waiting, input });
    const verification = await verify(client, input, model, stock);
    if (agrees(verification) || reading >= MAX_ATTEMPTS) return { verification, late };
  }
};
