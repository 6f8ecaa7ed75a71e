/** Explains a body that its schema rejects: every failing path, with the messages of the codec behind the schema. */
import type { FastifySchemaValidationError } from 'fastify/types/schema';
import type { AnyRecord } from '../../domain/kernel/codec';
import type { PathFailure } from '../../domain/kernel/explain';
import { bodyFailures } from './body-failures';
import { problem, type Problem } from './problem';
import type { Irregularity } from './strict-json';

/** Returns the problem for a body that ajv rejected at the first error. */
export const invalidBody = (
  codec: AnyRecord | undefined,
  body: unknown,
  found: ReadonlyArray<FastifySchemaValidationError>,
): Problem => {
  if (body === undefined) {
    const message = 'is missing; expected a JSON object';
    return problemOf('The body is empty: send a JSON object.', [{ path: '/', message }]);
  }
  return (
    (codec === undefined ? undefined : explainBody(codec, body)) ??
    problemOf(detailOf(codec, 1), found.map(inWordsOfTheSchema))
  );
};

/** Returns the problem of a body that the codec rejects; undefined if the codec accepts it. */
export const explainBody = (codec: AnyRecord, body: unknown): Problem | undefined => {
  const { count, shown } = bodyFailures(codec, body);
  return count === 0 ? undefined : problemOf(detailOf(codec, count), shown);
};

/** The problem of one thing in a body that no schema can see. */
export const irregularBody = ({ failure, isLimit }: Irregularity): Problem => {
  const what = isLimit ? 'The body passes a limit' : 'The body would not be kept as it was sent';
  return problemOf(`${what}: ${failure.path} ${failure.message}.`, [failure]);
};

const detailOf = (codec: AnyRecord | undefined, count: number): string =>
  `The body is not a valid ${codec?.name ?? 'request'}: ${count === 1 ? 'one error' : `${count} errors`}, see errors.`;

const problemOf = (detail: string, errors: ReadonlyArray<PathFailure>): Problem =>
  problem('invalid-body', detail, { extensions: { errors } });

const inWordsOfTheSchema = ({ instancePath, message }: FastifySchemaValidationError): PathFailure => ({
  path: instancePath === '' ? '/' : instancePath,
  message: message ?? 'is not allowed',
});
