/**
 * One endpoint, declared once with codecs: its path parameters, query, headers, body and responses. The types of its handler, the
 * check of its body and its part of the OpenAPI document are all derived from this declaration, so that they can't disagree.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type * as t from 'io-ts';
import { record, type AnyRecord, type Fields } from '../../domain/kernel/codec';
import { jsonSchemaOf } from '../../domain/kernel/json-schema';
import { jsonInSteps } from '../../infra/json-in-steps';
import type { ProblemName } from './problem-kinds';

/** A codec of exactly the type `T`: a missing or different field does not compile. */
export type Documents<T> = t.Type<T, unknown>;

/** One response that is not a problem. */
export interface Answer<C extends t.Mixed> {
  readonly description: string;
  readonly codec: C;
  readonly headers?: Fields;
  /** Default: `application/json`. */
  readonly mediaType?: string;
}

/** Declares a response with a JSON body. */
export const answer = <C extends t.Mixed>(description: string, codec: C, headers?: Fields): Answer<C> => ({
  description,
  codec,
  ...(headers === undefined ? {} : { headers }),
});

/** The responses of an endpoint by status. */
export type Answers = Readonly<Record<number, Answer<t.Mixed>>>;

type NoFields = Readonly<Record<string, never>>;

/** The declaration of an endpoint. */
export interface Endpoint<
  Params extends Fields = Fields,
  Body extends AnyRecord | undefined = AnyRecord | undefined,
  Sends extends Answers = Answers,
> {
  /** `open`: no key is required. Default: a known key of any role. */
  readonly access?: 'open' | 'operator';
  /** `always`: responds even while the server shuts down. */
  readonly available?: 'always';
  readonly operationId: string;
  /** One of the document's tags. Without it, the endpoint is not part of the document. */
  readonly tag?: string;
  readonly summary: string;
  /** Path parameters; the handler receives them as texts and checks them. */
  readonly params?: Params;
  readonly query?: Fields;
  readonly headers?: Fields;
  /** Checked before the handler runs. A body with only optional fields may be omitted. */
  readonly body?: Body;
  readonly bodyExample?: unknown;
  readonly answers: Sends;
  readonly problems: ReadonlyArray<ProblemName>;
  /** Descriptions of statuses whose problems come from an aggregate. */
  readonly rejections?: Readonly<Record<number, string>>;
}

/** Declares an endpoint. */
export const endpoint = <
  Sends extends Answers,
  Params extends Fields = NoFields,
  Body extends AnyRecord | undefined = undefined,
>(
  declared: Endpoint<Params, Body, Sends>,
): Endpoint<Params, Body, Sends> => declared;

declare const sent: unique symbol;

/** The JSON text of an `A`. */
export type JsonText<A> = string & { readonly [sent]: A };

/** Serialises in place of Fastify; the reply then needs a `content-type`. */
export const jsonText = <A>(value: A): JsonText<A> => JSON.stringify(value) as JsonText<A>;

/** The same for values of thousands of parts: others have their turn while it is made. */
export const largeJsonText = async <A>(value: A): Promise<JsonText<A>> => (await jsonInSteps(value)) as JsonText<A>;

interface RouteTypes<Params extends Fields, Body, Sends extends Answers> {
  readonly Params: Readonly<Record<keyof Params & string, string>>;
  readonly Body: Body extends AnyRecord ? t.TypeOf<Body> : unknown;
  readonly Reply: { readonly [Status in keyof Sends]: Payload<ValueOf<Sends[Status]>> };
}

type ValueOf<Sent> = Sent extends Answer<infer C> ? t.TypeOf<C> : never;

/** A response without a body has no text. */
type Payload<Value> = [Value] extends [undefined] ? undefined : Value | JsonText<Value>;

/** What a handler may return: the value of one of the responses, or the reply that has already been sent. */
type Sent<Sends extends Answers> = { [Status in keyof Sends]: ValueOf<Sends[Status]> }[keyof Sends];

/** A reply that was sent; only those members of Fastify's type that no response value has, so that the two can be told apart. */
type Replied = Pick<FastifyReply, 'raw'>;

/** Handles a request to an endpoint. */
export type Handler<Params extends Fields, Body extends AnyRecord | undefined, Sends extends Answers> = (
  request: FastifyRequest<RouteTypes<Params, Body, Sends>>,
  reply: FastifyReply<RouteTypes<Params, Body, Sends>>,
) => Sent<Sends> | Replied | Promise<Sent<Sends> | Replied>;

/** A hook that calls `next` when it has done its work. */
export type RouteHook = (request: FastifyRequest, reply: FastifyReply, next: () => void) => void;

/** Further options of a route. */
export interface RouteOptions {
  /** Default: the app's timeout. */
  readonly handlerTimeout?: number;
  readonly onRequest?: RouteHook | RouteHook[];
  readonly onResponse?: RouteHook;
}

/** Adds an endpoint's route; `url` names the path parameters as `:name`. */
export const addEndpoint = <Params extends Fields, Body extends AnyRecord | undefined, Sends extends Answers>(
  app: FastifyInstance,
  method: 'GET' | 'POST',
  url: string,
  declared: Endpoint<Params, Body, Sends>,
  // Inferred from the declaration alone, so that string literals keep their types in the returned value.
  handler: NoInfer<Handler<Params, Body, Sends>>,
  options: RouteOptions = {},
): void => {
  const { access, available, body } = declared;
  app.route({
    method,
    url,
    ...options,
    ...(body === undefined ? {} : { schema: { body: bodySchema(declared, body) } }),
    ...(body?.is({}) === true ? { preValidation: withoutBody } : {}),
    config: {
      ...(access === undefined ? {} : { access }),
      ...(available === undefined ? {} : { available }),
      endpoint: declared,
    },
    // Fastify's types do not know the codecs; the parameter types above enforce them.
    handler: handler as unknown as RouteHandlerMethod,
  });
};

const bodySchema = ({ bodyExample }: Endpoint, body: AnyRecord): object => ({
  ...jsonSchemaOf(body, { additionalProperties: false }),
  ...(bodyExample === undefined ? {} : { examples: [bodyExample] }),
});

/** A body with only optional fields may be omitted. */
const withoutBody = (request: FastifyRequest, _reply: FastifyReply, next: () => void): void => {
  if (request.body === undefined) request.body = {};
  next();
};

/** The body of an endpoint without input: absent or empty. */
export const Nothing = record('request without content', {});
