/** The metrics of this process, for Prometheus. */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../../../infra/metrics/registry';
import { addEndpoint } from '../endpoint';
import { metrics as metricsEndpoint } from '../endpoints/stages';
import { allowOnly, queryOf } from '../query-parameters';

/** Adds `/metrics`: names of groups, topics and commands are for operators, where there are keys. */
export const metricsRoutes = (
  app: FastifyInstance,
  { metrics }: { readonly metrics: Pick<Metrics, 'text' | 'contentType'> },
): void => {
  addEndpoint(app, 'GET', '/metrics', metricsEndpoint, async (request, reply) => {
    allowOnly(queryOf(request));
    const text = await metrics.text();
    reply.header('content-type', metrics.contentType);
    return reply.code(200).send(text);
  });
};
