/** `tidemark verify`: projects the store's events and compares the result with the served rows; needs neither server nor Kafka. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { NotVerifiable, verifyProjection, type Verification } from '../../projections/engine/inspect/inspect';
import type { Application } from '../../projections/application';
import { dataFiles } from '../program/data-files';
import { differenceLines } from './rebuild';

export interface Output {
  readonly json: boolean;
  readonly print: (line: string) => void;
}

const LINE_INTERVAL_MS = 2_000;

/** Returns the exit status: 0 if every row matches the store's events, 1 if not. */
export const verify = async (
  application: Application,
  { dataDirectory, topicPrefix }: Configuration,
  names: ReadonlyArray<string>,
  { json, print }: Output,
): Promise<number> => {
  const { projections } = application;
  const unknown = names.find((name) => !projections.some((each) => each.name === name));
  if (unknown !== undefined) {
    const known = projections.map(({ name }) => name).join(', ');
    throw new NotVerifiable(`no projection is called '${unknown}'; there are ${known}`);
  }
  const wanted = names.length === 0 ? projections : projections.filter(({ name }) => names.includes(name));
  const { store: storeFile, views: viewsFile } = dataFiles(dataDirectory);
  const store = await openEventFeed(storeFile);
  const catalog = withTopicPrefix(application.catalog, topicPrefix);
  // In the data directory, which has room for the rows.
  const folder = mkdtempSync(join(dataDirectory, 'verify-'));
  let exit = 0;
  try {
    for (const projection of wanted) {
      let printedAtMs = systemClock.monotonicMs();
      const onProgress = (position: number, until: number): void => {
        if (json || systemClock.monotonicMs() - printedAtMs < LINE_INTERVAL_MS) return;
        printedAtMs = systemClock.monotonicMs();
        print(`${projection.name}: ${position} of ${until} events`);
      };
      const scratchFile = join(folder, `${projection.name}.sqlite`);
      const verification = await verifyProjection({
        viewsFile,
        scratchFile,
        store,
        catalog,
        projection,
        clock: systemClock,
        onProgress,
      });
      if (!verification.proof.equal) exit = 1;
      if (json) print(JSON.stringify(verification));
      else for (const line of linesOf(verification)) print(line);
    }
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return exit;
};

const linesOf = ({ projection, position, events, proof, differences }: Verification): ReadonlyArray<string> => {
  if (proof.equal) {
    return [
      `${projection}: ${proof.rows} rows match the ${events} events up to position ${position} (${proof.hashAfter})`,
    ];
  }
  return [
    `${projection}: the rows do NOT match the ${events} events up to position ${position}: ` +
      `${differences?.count ?? 'all'} differ (served -> from the store)`,
    ...(differences?.rows ?? []).flatMap(differenceLines),
    `  to investigate: tidemark explain ${projection} <key>; to correct: tidemark rebuild ${projection} --accept-differences`,
  ];
};
