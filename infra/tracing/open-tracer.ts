/** Opens the tracer that the settings ask for. */
import type { OpenTelemetryOptions } from './tracing-options';
import { noTracer, type Tracer } from './tracer';

/** Without settings the tracer that makes no spans; OpenTelemetry's SDK is then not even loaded. */
export const openTracer = async ({
  settings,
  ...options
}: Omit<OpenTelemetryOptions, 'settings'> & {
  readonly settings: OpenTelemetryOptions['settings'] | undefined;
}): Promise<Tracer> => {
  if (settings === undefined) return noTracer;
  const { openTelemetryTracer } = await import('./open-telemetry.js');
  return openTelemetryTracer({ ...options, settings });
};
