/** Errors as RFC 9457 problems: one shape for everything that goes wrong. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemKinds, type ProblemName } from './problem-kinds';

/** A problem before it is sent. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What is wrong with this request, and what to do. */
  readonly detail: string;
  /** Further members of the problem. */
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Optional parts of a problem. */
interface ProblemExtras {
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Creates a problem of one of the API's own kinds. */
export const problem = (name: ProblemName, detail: string, extras: ProblemExtras = {}): Problem => ({
  type: `/problems/${name}`,
  title: problemKinds[name].title,
  status: problemKinds[name].status,
  detail,
  extensions: extras.extensions ?? {},
  headers: extras.headers ?? {},
});

/** Ends a request with a problem when thrown. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Throws the problem. (The explicit type tells the compiler that it never returns.) */
export const failWith: (...parameters: Parameters<typeof problem>) => never = (...parameters) => {
  throw new ProblemError(problem(...parameters));
};

/** The `Retry-After` header. */
export const retryAfter = (seconds: number): Readonly<Record<string, string>> => ({ 'retry-after': String(seconds) });

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Formats a problem as JSON. */
export const problemJson = ({ type, title, status, detail, extensions }: Problem, instance?: string): string =>
  JSON.stringify({ type, title, status, detail, ...(instance === undefined ? {} : { instance }), ...extensions });

/** Sends a problem; `instance` becomes the path of the request. */
export const sendProblem = (request: FastifyRequest, reply: FastifyReply, found: Problem): FastifyReply =>
  reply
    .code(found.status)
    .headers(found.headers)
    .header('content-type', PROBLEM_TYPE)
    .send(problemJson(found, pathOf(request.url)));

/** Returns a URL without its query, which may contain secrets. */
export const pathOf = (url: string): string => {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
};
