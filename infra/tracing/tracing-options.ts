/** What a tracer with an exporter needs. */
import type { Clock } from '../clock';
import type { TracingSettings } from '../configuration';
import type { Logger } from '../logger';

/** The settings, and the ports of the program. */
export interface OpenTelemetryOptions {
  readonly settings: TracingSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Upper limit on the last export. */
  readonly flushMs: number;
}
