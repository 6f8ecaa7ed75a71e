/**
 * A receiver of traces over OTLP/HTTP, in both encodings: protobuf by the messages of opentelemetry-proto 1.x, as far as they
 * are used here (the field numbers are theirs), and JSON by its mapping.
 */
import { createServer, type Server } from 'node:http';
import { parse, type Type } from 'protobufjs';

const PROTO = `syntax = "proto3";
message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  repeated Link links = 13; Status status = 15;
}
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }`;

/** A span as it was received; ids in hexadecimal. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: 'server' | 'client' | 'producer' | 'consumer' | 'other';
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root of a trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** The ids of linked spans. */
  readonly links: ReadonlyArray<string>;
  readonly isFailed: boolean;
}

export interface OtlpReceiver {
  readonly url: string;
  readonly spans: ReadonlyArray<ReceivedSpan>;
  readonly contentTypes: ReadonlySet<string>;
  readonly close: () => Promise<void>;
}

/** Starts one on a free port of the loopback interface. */
export const otlpReceiver = async (): Promise<OtlpReceiver> => {
  const request = parse(PROTO, { keepCase: false }).root.lookupType('ExportTraceServiceRequest');
  const spans: ReceivedSpan[] = [];
  const contentTypes = new Set<string>();
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const type = incoming.headers['content-type'] ?? '';
      const isKnown = incoming.method === 'POST' && incoming.url === '/v1/traces';
      if (isKnown) {
        contentTypes.add(type);
        spans.push(...spansOf(decode(request, type, Buffer.concat(chunks))));
      }
      response.writeHead(isKnown ? 200 : 404, { 'content-type': type }).end(type === 'application/json' ? '{}' : '');
    });
  });
  return { url: await listening(server), spans, contentTypes, close: () => closed(server) };
};

const listening = (server: Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`);
    });
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

// -------------------------------------------------------------------------------------
// From the wire
// -------------------------------------------------------------------------------------

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string; readonly doubleValue?: number };
}

interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes?: ReadonlyArray<KeyValue>;
  readonly links?: ReadonlyArray<{ readonly spanId: string }>;
  readonly status?: { readonly code?: number };
}

interface WireRequest {
  readonly resourceSpans?: ReadonlyArray<{
    readonly resource?: { readonly attributes?: ReadonlyArray<KeyValue> };
    readonly scopeSpans?: ReadonlyArray<{ readonly spans?: ReadonlyArray<WireSpan> }>;
  }>;
}

const decode = (request: Type, contentType: string, body: Buffer): WireRequest => {
  if (contentType === 'application/json') return JSON.parse(body.toString('utf8')) as WireRequest;
  const object = request.toObject(request.decode(body), { bytes: String, longs: String });
  return inHexadecimal(object) as WireRequest;
};

const ID_FIELDS: ReadonlySet<string> = new Set(['traceId', 'spanId', 'parentSpanId']);

/** In JSON ids are hexadecimal; from protobuf they come as Base64. */
const inHexadecimal = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inHexadecimal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      ID_FIELDS.has(name) ? Buffer.from(String(each), 'base64').toString('hex') : inHexadecimal(each),
    ]),
  );
};

const KINDS = ['other', 'other', 'server', 'client', 'producer', 'consumer'] as const;
const ERROR = 2;

const spansOf = ({ resourceSpans = [] }: WireRequest): ReadonlyArray<ReceivedSpan> =>
  resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ spans = [] }) =>
      spans.map((span) => ({
        service: String(valuesOf(resource?.attributes)['service.name'] ?? ''),
        name: span.name,
        kind: KINDS[span.kind] ?? 'other',
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        traceState: span.traceState ?? '',
        attributes: valuesOf(span.attributes),
        links: (span.links ?? []).map(({ spanId }) => spanId),
        isFailed: span.status?.code === ERROR,
      })),
    ),
  );

const valuesOf = (pairs: ReadonlyArray<KeyValue> = []): Readonly<Record<string, string | number>> =>
  Object.fromEntries(
    pairs.map(({ key, value: { stringValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? Number(intValue ?? doubleValue ?? 0),
    ]),
  );
