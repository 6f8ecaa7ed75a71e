/** Turns thrown values into problems. A defect of the server is logged, and its details are not sent to the client. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../infra/logger';
import { Abandoned } from './expensive-reads';
import { invalidBody } from './invalid-body';
import { problem, ProblemError, retryAfter, sendProblem, type Problem } from './problem';

/** The app's error handler. */
export const answerErrors =
  (logger: Logger) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    sendProblem(request, reply, problemOf(error, request) ?? defect(error, request, logger));

const problemOf = (error: unknown, request: FastifyRequest): Problem | undefined => {
  if (error instanceof ProblemError) return error.problem;
  // If the client has disconnected, nobody receives this.
  if (error instanceof Abandoned) return problem('answer-timeout', error.message, { headers: retryAfter(1) });
  if (!isFastifyError(error)) return undefined;
  if (error.validation !== undefined) {
    return invalidBody(request.routeOptions.config.endpoint?.body, request.body, error.validation);
  }
  return problemOfCode(error, request) ?? problemOfStatus(error);
};

const isFastifyError = (error: unknown): error is FastifyError => error instanceof Error && 'statusCode' in error;

const problemOfCode = ({ code, message }: FastifyError, request: FastifyRequest): Problem | undefined => {
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': {
      const came = request.headers['content-type'] ?? 'none';
      return problem('unsupported-media-type', `The Content-Type is ${came}; this route accepts application/json.`, {
        headers: { accept: 'application/json' },
      });
    }
    case 'FST_ERR_CTP_BODY_TOO_LARGE': {
      const limitBytes = request.routeOptions.bodyLimit;
      return problem('body-too-large', `The body is larger than ${limitBytes} bytes.`, { extensions: { limitBytes } });
    }
    case 'FST_ERR_HANDLER_TIMEOUT':
      return problem('answer-timeout', message, { headers: retryAfter(1) });
    default:
      return undefined;
  }
};

const problemOfStatus = ({ statusCode, message }: FastifyError): Problem | undefined => {
  if (statusCode === 429) return problem('too-many-requests', message);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return problem('malformed-request', message);
  return undefined;
};

const defect = (error: unknown, request: FastifyRequest, logger: Logger): Problem => {
  const { id: requestId, method, url } = request;
  // Only command routes have a correlation id.
  const ids = request.correlationId === '' ? {} : { correlationId: request.correlationId };
  logger.error({ requestId, ...ids, method, url, error }, 'a request failed');
  return problem(
    'internal-error',
    "The request failed because of an error in the server; the server's log has the details.",
    {
      extensions: { requestId },
    },
  );
};
