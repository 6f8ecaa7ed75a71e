/** The flow over the last minute: a look every two seconds, kept for verdicts, rates and times to drain. */
import type { Clock } from '../clock';
import { errorTextOf } from '../error-text';
import { exclusive } from '../exclusive';
import type { Logger } from '../logger';
import { takeFlowSample, type FlowSample, type FlowSources } from './flow-sample';

export const WINDOW_MS = 60_000;
const LOOK_INTERVAL_MS = 2_000;

export interface FlowWindow {
  /** The samples of the last minute, oldest first; none while there is no store. */
  readonly samples: () => ReadonlyArray<FlowSample>;
  /** The same; the first sample is taken now where the next one would still be to come. */
  readonly samplesByNow: () => Promise<ReadonlyArray<FlowSample>>;
  readonly stop: () => Promise<void>;
}

export interface FlowWindowOptions extends FlowSources {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Looks until it is stopped; a look that fails leaves a hole. */
export const openFlowWindow = (options: FlowWindowOptions): FlowWindow => {
  const { clock, logger } = options;
  const stopping = new AbortController();
  let samples: ReadonlyArray<FlowSample> = [];
  let fault: string | undefined;
  const oneAtATime = exclusive();
  const look = async (): Promise<void> => {
    try {
      const taken = await takeFlowSample(options);
      const nowMs = clock.monotonicMs();
      samples = [...samples, ...(taken === undefined ? [] : [taken])].filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
      fault = undefined;
    } catch (error) {
      const reason = errorTextOf(error);
      if (reason !== fault) logger.warn({ reason }, 'the flow could not be looked at');
      fault = reason;
    }
  };
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await oneAtATime(look);
      await clock.sleep(LOOK_INTERVAL_MS, stopping.signal);
    }
  })();
  return {
    samples: () => samples,
    samplesByNow: async () => {
      if (samples.length === 0) await oneAtATime(async () => (samples.length === 0 ? look() : undefined));
      return samples;
    },
    stop: async () => {
      stopping.abort();
      await looking;
    },
  };
};
