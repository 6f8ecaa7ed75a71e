/** The port to tracing: spans that carry a W3C trace context. Nothing outside this room knows OpenTelemetry. */

/** A trace context as its two W3C headers. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** A value of `undefined` leaves its attribute out. */
export type SpanAttributes = Readonly<Record<string, string | number | undefined>>;

export interface SpanStart {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'producer' | 'consumer';
  /** Absent: the span begins a trace. */
  readonly parent?: TraceContext | undefined;
  /** Whether the parent is also named as a link, as the messaging conventions ask for a message's creation context. */
  readonly isLinked?: boolean;
  readonly attributes: SpanAttributes;
}

/** A span that has started. */
export interface Span {
  /** The context that whatever follows from this span carries. */
  readonly context: TraceContext;
  /** Ends it once; later calls have no effect. `failure` is a class of error with low cardinality, never a message. */
  readonly end: (result?: { readonly failure?: string | undefined; readonly attributes?: SpanAttributes }) => void;
}

export interface Tracer {
  /** Where it is false, callers make no spans and pass contexts on as they came. */
  readonly isOn: boolean;
  readonly start: (span: SpanStart) => Span;
  /** Exports what has ended, for a bounded time; never rejects. */
  readonly stop: () => Promise<void>;
}

const NO_SPAN: Span = { context: { traceparent: '' }, end: () => undefined };

/** Makes no spans. */
export const noTracer: Tracer = { isOn: false, start: () => NO_SPAN, stop: () => Promise.resolve() };

const SAMPLED = 1;

/** Whether a context says that its trace is recorded; without looking at more than its flags. */
export const isSampled = (traceparent: string): boolean =>
  (Number.parseInt(traceparent.slice(FLAGS_START, FLAGS_END), 16) & SAMPLED) === SAMPLED;

const FLAGS_START = 53;
const FLAGS_END = 55;

/** The class of an error for a span. */
export const failureNameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');
