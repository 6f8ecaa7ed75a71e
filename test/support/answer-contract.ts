/**
 * Holds answers to the OpenAPI document that the program serves: each status is one that its operation declares, each body is
 * what its schema says with no field beside, and each problem is one that the status names.
 */
import Ajv, { type ValidateFunction } from 'ajv/dist/2020';

type Json = Readonly<Record<string, unknown>>;

/** An answer as it was received. */
export interface ReceivedAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

export interface AnswerContract {
  /** Every operation with a status that is no problem, such as `GET /ops/relay 200`. */
  readonly successes: ReadonlyArray<string>;
  /** The operation that answers there with that status, in the words of `successes`; undefined where none is documented. */
  readonly nameOf: (method: string, url: string, status: number) => string | undefined;
  /** What is wrong with an answer; nothing where no operation is documented for the address. */
  readonly complaints: (method: string, url: string, answer: ReceivedAnswer) => ReadonlyArray<string>;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly expression: RegExp;
  readonly responses: Readonly<Record<string, Response | undefined>>;
}

interface Response {
  readonly description: string;
  readonly content?: Readonly<Record<string, unknown>>;
}

/** Reads a document. */
export const answerContract = (document: Json): AnswerContract => {
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ } });
  ajv.addSchema(closed(document) as Json, 'openapi');
  const operations = operationsOf(document);
  const find = (method: string, url: string): Operation | undefined => {
    const path = url.split('?', 1)[0] ?? '';
    return operations.find((each) => each.method === method && each.expression.test(path));
  };
  const compiled = new Map<string, ValidateFunction>();
  const validatorOf = (pointer: string): ValidateFunction => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
    compiled.set(pointer, known);
    return known;
  };

  const bodyComplaints = (
    operation: Operation,
    { status, contentType, text }: ReceivedAnswer,
  ): ReadonlyArray<string> => {
    const type = contentType?.split(';', 1)[0] ?? 'none';
    const response = operation.responses[String(status)];
    if (response === undefined) return ['this status is not declared'];
    if (response.content === undefined) return text === '' ? [] : ['a body came where none is declared'];
    if (!(type in response.content)) return [`the media type ${type} is not declared`];
    const steps = ['paths', operation.path, operation.method.toLowerCase(), 'responses', String(status), 'content'];
    const validate = validatorOf(pointerOf([...steps, type, 'schema']));
    const body: unknown = type.endsWith('json') ? JSON.parse(text) : text;
    if (!validate(body)) {
      return (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
      );
    }
    return type === 'application/problem+json' ? problemComplaints(response, body as Json) : [];
  };

  return {
    successes: operations.flatMap(({ method, path, responses }) =>
      Object.keys(responses)
        .filter((status) => status < '400')
        .map((status) => `${method} ${path} ${status}`),
    ),
    nameOf: (method, url, status) => {
      const operation = find(method, url);
      return operation === undefined ? undefined : `${method} ${operation.path} ${status}`;
    },
    complaints: (method, url, answer) => {
      const operation = find(method, url);
      if (operation === undefined) return [];
      return bodyComplaints(operation, answer).map(
        (complaint) => `${method} ${url} answered ${answer.status}: ${complaint}`,
      );
    },
  };
};

/** A problem of the API itself has its name in the description of its status; a rejection is the aggregate's own. */
const problemComplaints = ({ description }: Response, { type, rejection }: Json): ReadonlyArray<string> => {
  const name = String(type).replace('/problems/', '');
  return rejection !== undefined || description.includes(`\`${name}\``) ? [] : [`the problem ${name} is not declared`];
};

const operationsOf = (document: Json): ReadonlyArray<Operation> =>
  Object.entries(document['paths'] as Readonly<Record<string, Readonly<Record<string, Json>>>>)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => ({
        method: method.toUpperCase(),
        path,
        expression: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/@]+')}$`),
        responses: responses as Operation['responses'],
      })),
    )
    // An address without parameters before one that has some in its place.
    .sort((left, right) => left.path.split('{').length - right.path.split('{').length);

const pointerOf = (steps: ReadonlyArray<string>): string =>
  steps.map((step) => `/${encodeURIComponent(step.replace(/~/g, '~0').replace(/\//g, '~1'))}`).join('');

/** The same document with schemas that take no field which they do not name, unless they say so. */
const closed = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  return 'properties' in copy && 'required' in copy && !('additionalProperties' in copy)
    ? { ...copy, additionalProperties: false }
    : copy;
};
