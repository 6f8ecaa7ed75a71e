/** The metrics of this process, for Prometheus. */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../../../infra/metrics/registry';
import { metricsDocumentation } from '../documentation/stages-documentation';
import { allowOnly, queryOf } from '../query-parameters';

/** Adds `/metrics`: names of groups, topics and commands are for operators, where there are keys. */
export const metricsRoutes = (
  app: FastifyInstance,
  { metrics }: { readonly metrics: Pick<Metrics, 'text' | 'contentType'> },
): void => {
  app.get(
    '/metrics',
    { config: { access: 'operator', documentation: metricsDocumentation } },
    async (request, reply) => {
      allowOnly(queryOf(request));
      const text = await metrics.text();
      return reply.header('content-type', metrics.contentType).send(text);
    },
  );
};
