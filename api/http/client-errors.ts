/** Requests that are not valid HTTP never reach a route; their problem is written directly to the socket. */
import type { Socket } from 'node:net';
import { STATUS_CODES, type Server } from 'node:http';
import { problem, ProblemError, problemJson, PROBLEM_TYPE, type Problem } from './problem';
import type { RequestTarget } from './not-found';
import type { RateLimit } from './rate-limit';

/** The server's handler for requests that its HTTP parser rejects. They count towards the rate limit like all others. */
export const clientErrorHandler =
  (limit: RateLimit, explainUnknown: (target: RequestTarget) => Problem) =>
  (error: Error & { readonly code?: string; readonly rawPacket?: unknown }, socket: Socket): void => {
    // The other side has gone: nothing was asked.
    if (error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const found = unknownMethod(error, explainUnknown) ?? problemOf(error.code);
    answerOn(socket, countedProblem(limit, socket.remoteAddress, found));
  };

/**
 * Requests that Node would answer by itself, uncounted and without a problem: an expectation goes the way of all requests,
 * whose guards refuse it, and a tunnel is refused here.
 */
export const takeUnusualRequests = (server: Server, limit: RateLimit): void => {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', ({ socket }) => {
    const found = problem('malformed-request', 'This server opens no tunnels: CONNECT is not taken.');
    answerOn(socket, countedProblem(limit, socket.remoteAddress, found));
  });
};

/** Writes the answer and ends the connection; where another answer has begun on it already, only the latter. */
const answerOn = (socket: Socket, answer: Problem): void => {
  if (socket.destroyed || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const body = problemJson(answer);
  socket.write(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n` +
      Object.entries(answer.headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('') +
      `Content-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // Not `end`: that leaves the other half of the connection open for as long as the client likes.
  socket.destroySoon();
};

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) (\/[!-~]*) HTTP\/1\.[01]\r\n/;

/** A method that Node's parser does not know: the problem still lists the methods that the URL allows. */
const unknownMethod = (
  { code, rawPacket }: { readonly code?: string; readonly rawPacket?: unknown },
  explainUnknown: (target: RequestTarget) => Problem,
): Problem | undefined => {
  if (code !== 'HPE_INVALID_METHOD' || !Buffer.isBuffer(rawPacket)) return undefined;
  const [, method, url] = REQUEST_LINE.exec(rawPacket.subarray(0, MAX_LINE_BYTES).toString('latin1')) ?? [];
  return method === undefined || url === undefined ? undefined : explainUnknown({ method, url });
};

const MAX_LINE_BYTES = 4_096;

const countedProblem = (limit: RateLimit, address: string | undefined, found: Problem): Problem => {
  try {
    limit.countAddress(address);
    return found;
  } catch (error) {
    return error instanceof ProblemError ? error.problem : found;
  }
};

const problemOf = (code: string | undefined): Problem => {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem('request-timeout', 'The request did not arrive in time.');
    case 'HPE_HEADER_OVERFLOW':
      return problem('headers-too-large', 'The headers are larger than the server accepts.');
    default:
      return problem('malformed-request', `The request is not valid HTTP/1.1 (${code ?? 'unknown error'}).`);
  }
};
