/** The commands around replaying: rebuild, verify, explain, offsets, export and import. */
import { Option, type Command } from 'commander';
import { readConfiguration } from '../../infra/configuration';
import type { LoadedApplication } from '../program/application';
import type { RebuildCommand } from './rebuild';

/** Finds the application that the command line names. */
type Load = () => Promise<LoadedApplication>;

const jsonOption = (): Option => new Option('--json', 'JSON lines for scripts').default(false);

/** The options of `tidemark rebuild` as they were given. */
interface RebuildOptions {
  readonly from: 'kafka' | 'store';
  readonly acceptDifferences?: string | true;
  readonly until?: string;
  readonly copy?: string;
  readonly dropCopy?: string;
  readonly key?: string;
  readonly cancel?: string;
  readonly rollback?: string;
  readonly dropFormer?: string;
  readonly json: boolean;
}

/** Adds the commands to the program. */
export const addReplayCommands = (program: Command, load: Load, print: (line: string) => void): void => {
  program
    .command('rebuild')
    .description('rebuilds projections from offset zero alongside the live rows, compares the rows, and swaps')
    .argument('[projections...]', 'their names, such as order-summary; several are rebuilt in one pass over the log')
    .addOption(new Option('--from <source>', 'where the events come from').choices(['kafka', 'store']).default('kafka'))
    .option('--accept-differences [id]', 'swaps also where rows differ; with an id: lets a rebuild that waits go on')
    .option('--until <moment>', 'a position, or a time with its zone: makes a scratch copy as of then (needs --copy)')
    .option('--copy <name>', 'the name of the copy; read it at /views/<projection>@<name>')
    .option('--drop-copy <name>', 'drops a copy')
    .option('--key <key>', 'recomputes only this row')
    .option('--cancel <id>', 'cancels a rebuild; the served rows stay')
    .option('--rollback <projection>', 'catches up the previous generation and serves it again')
    .option('--drop-former <projection>', 'drops the previous generation; a rollback is then impossible')
    .addOption(jsonOption())
    .action(async (projections: string[], options: RebuildOptions) => {
      const { rebuild } = await import('./rebuild.js');
      process.exitCode = await rebuild(readConfiguration(), rebuildCommand(projections, options), options.json);
    });

  program
    .command('verify')
    .description('compares a projection (or the Kafka log, with --log) with the store; exit status 1 if they differ')
    .argument('[projections...]', 'their names; all of them by default; none with --log')
    .option('--log', 'compares the store with the Kafka log: missing, extra, out of order, altered')
    .option('--repair', 'with --log: publishes what is missing at the ends of partitions (stop the relay first)')
    .option(
      '--recreate-topics',
      'with --repair: makes topics anew that have gaps in the middle or forged records, and publishes all of them',
    )
    .addOption(jsonOption())
    .action(async (names: string[], options: { log?: true; repair?: true; recreateTopics?: true; json: boolean }) => {
      const output = { json: options.json, print };
      if (options.log === true) {
        const { verifyLog } = await import('./verify-log.js');
        const repair = { repair: options.repair === true, recreateTopics: options.recreateTopics === true };
        process.exitCode = await verifyLog((await load()).application, readConfiguration(), repair, output);
      } else {
        const { verify } = await import('./verify.js');
        process.exitCode = await verify((await load()).application, readConfiguration(), names, output);
      }
    });

  program
    .command('explain')
    .description('which events made a row, what each changed, and what else the same requests caused')
    .argument('<projection>')
    .argument('<key>', 'as in the URL of the row')
    .addOption(jsonOption())
    .action(async (projection: string, key: string, options: { json: boolean }) => {
      const { explain } = await import('./explain.js');
      await explain(readConfiguration(), projection, key, { json: options.json, print });
    });

  addOffsets(program, load, print);
  addFiles(program, load, print);
};

const rebuildCommand = (projections: ReadonlyArray<string>, options: RebuildOptions): RebuildCommand => {
  const { cancel, rollback, dropFormer, dropCopy, acceptDifferences, from, until, copy, key } = options;
  if (cancel !== undefined) return { _tag: 'Cancel', id: cancel };
  if (rollback !== undefined) return { _tag: 'Rollback', projection: rollback };
  if (dropFormer !== undefined) return { _tag: 'DropFormer', projection: dropFormer };
  const accept = acceptDifferences !== undefined;
  if (typeof acceptDifferences === 'string' && projections.length === 0)
    return { _tag: 'Accept', id: acceptDifferences };
  // `--accept-differences order-summary`: commander parsed the name as the id.
  const names = typeof acceptDifferences === 'string' ? [acceptDifferences, ...projections] : projections;
  if (dropCopy !== undefined) return { _tag: 'DropCopy', projection: names[0] ?? '', copy: dropCopy };
  return {
    _tag: 'Rebuild',
    projections: names,
    body: {
      from,
      ...(accept ? { acceptDifferences: true } : {}),
      ...(until === undefined ? {} : { until }),
      ...(copy === undefined ? {} : { copy }),
      ...(key === undefined ? {} : { key }),
    },
  };
};

const addOffsets = (program: Command, load: Load, print: (line: string) => void): void => {
  program
    .command('offsets')
    .description('shows the checkpoint of each group in each partition, or moves it (a dry run unless --execute)')
    .option('--group <group>', 'only this group; needed for a move')
    .option('--topic <topic>', 'only this topic')
    .option('--partition <number>', 'only this partition')
    .option('--to-offset <offset>', 'moves to an offset')
    .option('--to-time <time>', 'moves to the first record at or after a time (ISO 8601)')
    .option('--shift <records>', 'moves by this many records; negative numbers move back')
    .option('--from-file <file>', 'moves to the offsets in a file of JSON lines with topic, partition and offset')
    .option('--execute', 'moves the offsets; otherwise the command only shows what it would do')
    .option('--history', 'shows past moves')
    .addOption(jsonOption())
    .action(async (options: Readonly<Record<string, string | boolean>>) => {
      const { offsets } = await import('./offsets.js');
      process.exitCode = await offsets(async () => (await load()).application, readConfiguration(), options, print);
    });
};

const addFiles = (program: Command, load: Load, print: (line: string) => void): void => {
  program
    .command('export')
    .description('writes the store as JSON lines of CloudEvents, to a file or to standard output')
    .argument('[file]')
    .action(async (file: string | undefined) => {
      const { exportStore } = await import('./export.js');
      await exportStore(readConfiguration(), file);
    });
  program
    .command('import')
    .description('fills an empty store from JSON lines of CloudEvents; positions and ids stay')
    .argument('<file>', "as 'tidemark export' wrote it; may be compressed with gzip")
    .option(
      '--accept-incomplete',
      'accepts a file without the trailer line of an export: handmade, or from an older release',
    )
    .option(
      '--keep-store-id',
      'moves the installation: keeps the store id in the file (never run it alongside the original)',
    )
    .option('--allow-unknown', 'accepts events of aggregates, types and versions that this program does not know')
    .action(async (file: string, options: { acceptIncomplete?: true; allowUnknown?: true; keepStoreId?: true }) => {
      const { importStore } = await import('./import.js');
      const choices = {
        acceptIncomplete: options.acceptIncomplete === true,
        allowUnknown: options.allowUnknown === true,
        keepStoreId: options.keepStoreId === true,
      };
      await importStore((await load()).application, readConfiguration(), file, choices, print);
    });
};
