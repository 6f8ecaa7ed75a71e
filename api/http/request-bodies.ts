/** What operators' routes take as a body: the schema that validates is the one that is published. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { record, type AnyRecord } from '../../domain/kernel/codec';
import { jsonSchemaOf } from '../../domain/kernel/json-schema';

/** A route for operators with a body. */
export const takes = <R extends AnyRecord, D>(bodyCodec: R, documentation: D) => ({
  schema: { body: jsonSchemaOf(bodyCodec, { additionalProperties: false }) },
  config: { access: 'operator' as const, bodyCodec, documentation },
});

/** A body may be left out where nothing in it is needed. */
export const withoutBody = (request: FastifyRequest, _reply: FastifyReply, next: () => void): void => {
  if (request.body === undefined) request.body = {};
  next();
};

const Nothing = record('request without content', {});

/** A route for operators that its address says all about: a body is left out, or empty. */
export const takesNothing = <D>(documentation: D) => ({ ...takes(Nothing, documentation), preValidation: withoutBody });
