/** Spans of HTTP requests, by OpenTelemetry's semantic conventions for HTTP. */
import type { Span, TraceContext, Tracer } from './tracer';

/** The span of a request that this program answers; `route` names the path parameters as `:name`. */
export const requestSpan = (tracer: Tracer, method: string, route: string, parent: TraceContext | undefined): Span =>
  tracer.start({
    name: `${method} ${route}`,
    kind: 'server',
    parent,
    attributes: { 'http.request.method': method, 'http.route': route, 'url.scheme': 'http' },
  });

/** Ends it with the status of the answer: only a fault of the server is a failure here. */
export const endRequestSpan = (span: Span | undefined, status: number): void =>
  span?.end({
    attributes: { 'http.response.status_code': status },
    failure: status >= 500 ? String(status) : undefined,
  });
