/** The subcommands of `tidemark contracts`. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { LoadedApplication } from '../../program/application';
import type { Output } from './output';

/** Finds the application that the command line names. */
type Load = () => Promise<LoadedApplication>;

interface JsonChoice {
  readonly json: boolean;
}

const jsonOption = (): Option => new Option('--json', 'JSON lines for scripts').default(false);

/** Adds the subcommands to the command line. */
export const addContractCommands = (program: Command, load: Load, print: Output['print']): void => {
  const contracts = program
    .command('contracts')
    .description('the event catalog, and the check that every change of it must pass');
  addCatalogCommands(contracts, load, print);
  addGateCommands(contracts, load, print);
  addHistoryCommands(contracts, load, print);
};

const addCatalogCommands = (contracts: Command, load: Load, print: Output['print']): void => {
  contracts
    .command('list', { isDefault: true })
    .description('every event with its topic, owner and meaning')
    .addOption(jsonOption())
    .action(async ({ json }: JsonChoice) => {
      const { list } = await import('./catalog.js');
      list((await load()).application, { json, print });
    });
  contracts
    .command('show')
    .description('one event: every version, every field, and who reads it')
    .argument('<event>', 'its name, present or former')
    .addOption(jsonOption())
    .action(async (event: string, { json }: JsonChoice) => {
      const { show } = await import('./catalog.js');
      show((await load()).application, event, { json, print });
    });
  contracts
    .command('diff')
    .description('what changed between two versions of an event; without an event, between the code and the lock')
    .argument('[event]')
    .argument('[from]', 'a version; the first by default')
    .argument('[to]', 'a version; the newest by default')
    .addOption(jsonOption())
    .action(
      async (event: string | undefined, from: string | undefined, to: string | undefined, { json }: JsonChoice) => {
        if (event === undefined) {
          const { diffWithLock } = await import('./check.js');
          process.exitCode = diffWithLock(await load(), { json, print });
          return;
        }
        const { diffVersions } = await import('./catalog.js');
        diffVersions((await load()).application, event, from, to, { json, print });
      },
    );
};

const addGateCommands = (contracts: Command, load: Load, print: Output['print']): void => {
  contracts
    .command('check')
    .description('fails on every change that the lock does not hold, and says which readers it breaks')
    .addOption(jsonOption())
    .action(async ({ json }: JsonChoice) => {
      const { check } = await import('./check.js');
      process.exitCode = check(await load(), { json, print });
    });
  contracts
    .command('accept')
    .description('records new events and versions in the lock, with a fixture for each')
    .addOption(jsonOption())
    .action(async ({ json }: JsonChoice) => {
      const { accept } = await import('./check.js');
      process.exitCode = accept(await load(), { json, print });
    });
};

interface StoreChoice extends JsonChoice {
  readonly store: string;
}

const storeOption = (): Option => new Option('--store <file>', "the store's file").default('./data/store.sqlite');

const addHistoryCommands = (contracts: Command, load: Load, print: Output['print']): void => {
  contracts
    .command('verify')
    .description(
      "every stored event through today's upcasts, codecs, deciders and projections; fails at the first unreadable one",
    )
    .addOption(storeOption())
    .option('--sample <count>', 'check only this many events, spread evenly over the store', countOf)
    .addOption(jsonOption())
    .action(async ({ store, sample, json }: StoreChoice & { sample?: number }) => {
      const { verify } = await import('./verify.js');
      process.exitCode = await verify((await load()).application, { store, sample, json, print });
    });
  contracts
    .command('partitions')
    .description('how the stored events spread over partitions, and what another count or key would do')
    .addOption(storeOption())
    .option('--simulate <count>', 'with this many partitions', countOf)
    .option('--key <field>', 'with this field of the payload as the key')
    .addOption(jsonOption())
    .action(async ({ store, simulate, key, json }: StoreChoice & { simulate?: number; key?: string }) => {
      const { partitions } = await import('./partitions.js');
      await partitions((await load()).application.catalog, { store, simulate, key, json, print });
    });
};

const countOf = (value: string): number => {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count >= 1 && count <= 1_000_000) return count;
  throw new InvalidArgumentError('Expected an integer from 1 to 1000000.');
};
