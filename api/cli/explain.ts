/** `tidemark explain`: shows which events made a row. */
import type { Configuration } from '../../infra/configuration';
import type { RowExplanation } from '../../projections/engine/inspect/inspect';
import { request } from './server-client';
import { partitionName } from '../../infra/topic-partition';

/** The server reads every event of the store. */
const EXPLAIN_TIMEOUT_MS = 60_000;

/** Prints the explanation as text, or as JSON. */
export const explain = async (
  configuration: Configuration,
  projection: string,
  key: string,
  { json, print }: { readonly json: boolean; readonly print: (line: string) => void },
): Promise<void> => {
  const path = `/ops/explain/${encodeURIComponent(projection)}/${encodeURIComponent(key)}`;
  const explanation = (await request(configuration, 'GET', path, undefined, EXPLAIN_TIMEOUT_MS)) as RowExplanation;
  if (json) print(JSON.stringify(explanation));
  else for (const line of explanationLines(explanation)) print(line);
};

const explanationLines = (explanation: RowExplanation): ReadonlyArray<string> => {
  const { row, rowFromEvents, agrees, history, eventCount, chains, deliveries } = explanation;
  const earlier = eventCount - history.length;
  return [
    `row      ${JSON.stringify(row)}`,
    agrees ? 'which is what its events make' : `but its events make ${JSON.stringify(rowFromEvents)}`,
    '',
    `made by ${eventCount} events${earlier > 0 ? `, of which the last ${history.length}` : ''}:`,
    ...history.map(
      ({ recordedAt, id, type, changes }) =>
        `  ${recordedAt} ${id} ${type}: ${Object.entries(changes)
          .map(([name, { from, to }]) => `${name} ${JSON.stringify(from)} -> ${JSON.stringify(to)}`)
          .join(', ')}`,
    ),
    '',
    'other events of the same requests:',
    ...chains.flatMap(({ correlationId, events }) => [
      `  ${correlationId}`,
      ...events.map(
        ({ id, type, causationId, madeRow }) => `    ${madeRow ? '*' : ' '} ${id} ${type}, caused by ${causationId}`,
      ),
    ]),
    '',
    `deliveries dropped as duplicates by the group: ${deliveries.duplicates ?? 'unknown'}`,
    ...deliveries.parked.map(
      ({ topic, partition, offset, reason }) =>
        `dead-lettered: ${partitionName({ topic, partition })} offset ${offset}: ${reason}`,
    ),
  ];
};
