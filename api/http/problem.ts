/** Errors as RFC 9457 problems: one shape for everything that goes wrong. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemKinds, type ProblemName } from './problem-kinds';

/** A problem before it is sent. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What is wrong with this very request, and what to do. */
  readonly detail: string;
  /** Further members, for programs. */
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a problem may carry beside its detail. */
interface ProblemExtras {
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A problem of one of the API's own kinds. */
export const problem = (name: ProblemName, detail: string, extras: ProblemExtras = {}): Problem => ({
  type: `/problems/${name}`,
  title: problemKinds[name].title,
  status: problemKinds[name].status,
  detail,
  extensions: extras.extensions ?? {},
  headers: extras.headers ?? {},
});

/** Ends a request with a problem from wherever it is noticed. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Throws the problem. (With its type written out, so that the compiler knows that nothing comes after it.) */
export const failWith: (...parameters: Parameters<typeof problem>) => never = (...parameters) => {
  throw new ProblemError(problem(...parameters));
};

/** The header that says when to come again. */
export const retryAfter = (seconds: number): Readonly<Record<string, string>> => ({ 'retry-after': String(seconds) });

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** A problem as JSON text. */
export const problemJson = ({ type, title, status, detail, extensions }: Problem, instance?: string): string =>
  JSON.stringify({ type, title, status, detail, ...(instance === undefined ? {} : { instance }), ...extensions });

/** Sends a problem; `instance` is the path that was asked for. */
export const sendProblem = (request: FastifyRequest, reply: FastifyReply, answer: Problem): FastifyReply =>
  reply
    .code(answer.status)
    .headers(answer.headers)
    .header('content-type', PROBLEM_TYPE)
    .send(problemJson(answer, pathOf(request.url)));

/** An address without its query: what was asked for may be secret, where it was asked is not. */
export const pathOf = (url: string): string => {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
};
