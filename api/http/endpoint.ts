/**
 * One endpoint, said once in the language of the codecs: what its address, its query, its headers and its body take, and what
 * it answers. The types that its handler works with, the check of its body and its part of the OpenAPI document all come
 * from here, so that none of them can say anything else than the others.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type * as t from 'io-ts';
import { record, type AnyRecord, type Fields } from '../../domain/kernel/codec';
import { jsonSchemaOf } from '../../domain/kernel/json-schema';
import { jsonInSteps } from '../../infra/json-in-steps';
import type { ProblemName } from './problem-kinds';

/** A codec of exactly what `T` is: where a field is missing or is another one, this does not compile. */
export type Documents<T> = t.Type<T, unknown>;

/** One answer that is no problem. */
export interface Answer<C extends t.Mixed> {
  readonly description: string;
  readonly codec: C;
  readonly headers?: Fields;
  /** Left out: `application/json`. */
  readonly mediaType?: string;
}

/** An answer with a JSON body. */
export const answer = <C extends t.Mixed>(description: string, codec: C, headers?: Fields): Answer<C> => ({
  description,
  codec,
  ...(headers === undefined ? {} : { headers }),
});

/** What an endpoint answers, by status. */
export type Answers = Readonly<Record<number, Answer<t.Mixed>>>;

type NoFields = Readonly<Record<string, never>>;

/** What is declared of an endpoint. */
export interface Endpoint<
  Params extends Fields = Fields,
  Body extends AnyRecord | undefined = AnyRecord | undefined,
  Sends extends Answers = Answers,
> {
  /** `open`: no key is asked for. Left out: a known key of whichever role will do. */
  readonly access?: 'open' | 'operator';
  /** `always`: answers while the server shuts down, too. */
  readonly available?: 'always';
  readonly operationId: string;
  /** One of the tags that the document explains. Left out: the endpoint is not part of the document. */
  readonly tag?: string;
  readonly summary: string;
  /** The parts of the address; the handler gets them as texts, and checks them. */
  readonly params?: Params;
  readonly query?: Fields;
  readonly headers?: Fields;
  /** Checked before the handler runs. One that may be empty may be left out too. */
  readonly body?: Body;
  readonly bodyExample?: unknown;
  readonly answers: Sends;
  readonly problems: ReadonlyArray<ProblemName>;
  /** What is said of a status whose problems are not the API's own, but an aggregate's. */
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

/** JSON text of an `A`. */
export type JsonText<A> = string & { readonly [sent]: A };

/** Makes the text here, so that Fastify has nothing left to serialise; the reply needs its `content-type` then. */
export const jsonText = <A>(value: A): JsonText<A> => JSON.stringify(value) as JsonText<A>;

/** The same for values of thousands of parts: others have their turn while it is made. */
export const largeJsonText = async <A>(value: A): Promise<JsonText<A>> => (await jsonInSteps(value)) as JsonText<A>;

interface RouteTypes<Params extends Fields, Body, Sends extends Answers> {
  readonly Params: Readonly<Record<keyof Params & string, string>>;
  readonly Body: Body extends AnyRecord ? t.TypeOf<Body> : unknown;
  readonly Reply: { readonly [Status in keyof Sends]: Payload<ValueOf<Sends[Status]>> };
}

type ValueOf<Sent> = Sent extends Answer<infer C> ? t.TypeOf<C> : never;

/** An answer without a body has no text either. */
type Payload<Value> = [Value] extends [undefined] ? undefined : Value | JsonText<Value>;

/** What a handler may return: what one of the answers holds, or the reply that it was sent with. */
type Sent<Sends extends Answers> = { [Status in keyof Sends]: ValueOf<Sends[Status]> }[keyof Sends];

/** A reply that was sent; of Fastify's type only what no answer has, so that answers are told from it. */
type Replied = Pick<FastifyReply, 'raw'>;

/** Answers a request of an endpoint. */
export type Handler<Params extends Fields, Body extends AnyRecord | undefined, Sends extends Answers> = (
  request: FastifyRequest<RouteTypes<Params, Body, Sends>>,
  reply: FastifyReply<RouteTypes<Params, Body, Sends>>,
) => Sent<Sends> | Replied | Promise<Sent<Sends> | Replied>;

/** How a route runs, beside what it answers. */
interface RouteOptions {
  /** Left out: the app's own. */
  readonly handlerTimeout?: number;
  readonly onRequest?: (request: FastifyRequest, reply: FastifyReply, next: () => void) => void;
}

/** Adds an endpoint's route; `url` names the parts of the address as `:name`. */
export const addEndpoint = <Params extends Fields, Body extends AnyRecord | undefined, Sends extends Answers>(
  app: FastifyInstance,
  method: 'GET' | 'POST',
  url: string,
  declared: Endpoint<Params, Body, Sends>,
  // Inferred from the declaration alone, so that words stay words in what it returns.
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
    // Fastify's own types know nothing of the codecs; the parameters above are held to them.
    handler: handler as unknown as RouteHandlerMethod,
  });
};

const bodySchema = ({ bodyExample }: Endpoint, body: AnyRecord): object => ({
  ...jsonSchemaOf(body, { additionalProperties: false }),
  ...(bodyExample === undefined ? {} : { examples: [bodyExample] }),
});

/** A body may be left out where nothing in it is needed. */
const withoutBody = (request: FastifyRequest, _reply: FastifyReply, next: () => void): void => {
  if (request.body === undefined) request.body = {};
  next();
};

/** The body of an endpoint that its address says all about: left out, or empty. */
export const Nothing = record('request without content', {});
