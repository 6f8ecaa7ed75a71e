/** The command API in a process of its own, with the program's metrics (`with`) or without any (`without`); prints its address. */
import { noTracer } from '../../../infra/tracing/tracer';
import { readConfiguration } from '../../../infra/configuration';
import { silentLogger } from '../../../infra/logger';
import { systemClock } from '../../../infra/clock';
import type { Metrics } from '../../../infra/metrics/registry';
import { startApi } from '../../../api/program/api-role';
import { dataFiles } from '../../../api/program/data-files';
import { openObservation, type Observation, type ObservationOptions } from '../../../api/program/observation';
import { application } from '../../../projections/fulfilment/application';

const noMetrics: Metrics = {
  add: () => undefined,
  observe: () => undefined,
  collect: () => undefined,
  text: async () => Promise.resolve(''),
  contentType: 'text/plain',
};

const noObservation: Observation = {
  metrics: noMetrics,
  stages: async () => Promise.resolve(undefined),
  notices: () => [],
  readiness: async () => Promise.resolve({ ready: true, checks: {}, reasons: [] }),
  answerReadiness: () => undefined,
  groups: new Set(),
  stop: async () => Promise.resolve(),
};

const main = async (isMeasured: boolean): Promise<void> => {
  const configuration = readConfiguration();
  const { catalog, projections } = application;
  const options: ObservationOptions = {
    roles: new Set(['api']),
    clock: systemClock,
    logger: silentLogger,
    catalog,
    files: dataFiles(configuration.dataDirectory),
    projections,
    processes: [],
  };
  const stopping = new AbortController();
  const { url } = await startApi({
    ...options,
    configuration,
    signal: stopping.signal,
    onFatal: (error) => {
      throw error;
    },
    observation: isMeasured ? openObservation(options) : noObservation,
    awaitsRelay: false,
    effects: [],
    readers: [],
    tracer: noTracer,
  });
  // The processor time so far, for whoever measures: a busy machine changes how long things take, and not what they cost.
  process.on('message', () => process.send?.({ cpuMicros: process.cpuUsage().user + process.cpuUsage().system }));
  process.send?.({ url });
};

void main(process.argv[2] === 'with');
