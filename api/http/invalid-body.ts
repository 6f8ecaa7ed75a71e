/** Explains a body that its schema refuses: every failing path, in the words of the codec that the schema came from. */
import * as E from 'fp-ts/Either';
import type { FastifySchemaValidationError } from 'fastify/types/schema';
import type { AnyRecord } from '../../domain/kernel/codec';
import { explain, type PathFailure } from '../../domain/kernel/explain';
import { problem, type Problem } from './problem';

/** A body of thousands of wrong lines is explained well enough by the first of them. */
const SHOWN_FAILURES = 100;

/** The problem for a body that ajv refused. */
export const invalidBody = (
  codec: AnyRecord | undefined,
  body: unknown,
  found: ReadonlyArray<FastifySchemaValidationError>,
): Problem => {
  if (body === undefined) {
    const message = 'is missing; expected a JSON object';
    return problemOf('The body is empty: send a JSON object.', [{ path: '/', message }]);
  }
  const expected = codec === undefined ? [] : expectedBy(codec, body);
  const unknown = found.filter(({ keyword }) => keyword === 'additionalProperties').map(unknownField);
  const failures = [...expected, ...unknown];
  return explained(codec, failures.length > 0 ? failures : found.map(inWordsOfTheSchema));
};

const expectedBy = (codec: AnyRecord, body: unknown): ReadonlyArray<PathFailure> => {
  try {
    const decoded = codec.decode(body);
    return E.isLeft(decoded) ? explain(decoded.left) : [];
  } catch (error) {
    // Showing the value exhausts the stack where it is nested thousands deep; then the schema's own words have to do.
    if (error instanceof RangeError) return [];
    throw error;
  }
};

/** The problem for a body that the codec refused. */
export const explained = (codec: AnyRecord | undefined, failures: ReadonlyArray<PathFailure>): Problem => {
  const count = failures.length === 1 ? 'one thing is' : `${failures.length} things are`;
  return problemOf(`The body is not a valid ${codec?.name ?? 'request'}: ${count} wrong, see errors.`, failures);
};

const problemOf = (detail: string, failures: ReadonlyArray<PathFailure>): Problem =>
  problem('invalid-body', detail, { extensions: { errors: failures.slice(0, SHOWN_FAILURES) } });

const unknownField = ({ instancePath, params }: FastifySchemaValidationError): PathFailure => ({
  path: `${instancePath}/${pointerPart(String(params['additionalProperty']))}`,
  message: 'is unknown here; leave it out',
});

const inWordsOfTheSchema = ({ instancePath, message }: FastifySchemaValidationError): PathFailure => ({
  path: instancePath === '' ? '/' : instancePath,
  message: message ?? 'is not allowed',
});

/** RFC 6901. */
const pointerPart = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
