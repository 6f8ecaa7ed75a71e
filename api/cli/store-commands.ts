/** The commands around the store's identity. */
import { Option, type Command } from 'commander';
import { readConfiguration } from '../../infra/configuration';
import type { LoadedApplication } from '../program/application';

const jsonOption = (): Option => new Option('--json', 'JSON lines for scripts').default(false);

/** Adds the commands to the program. */
export const addStoreCommands = (
  program: Command,
  load: () => Promise<LoadedApplication>,
  print: (line: string) => void,
): void => {
  const store = program
    .command('store')
    .description('the id of the store, how far each stage has read it, and whether they belong together')
    .addOption(jsonOption())
    .action(async ({ json }: { json: boolean }) => {
      const { showStore } = await import('./store.js');
      process.exitCode = await showStore(readConfiguration(), { json, print });
    });
  store
    .command('new-history')
    .description('shows how to start a new history from the events of this store; with --confirm, does it')
    .option('--confirm <id>', "the store's present id; carries out the plan")
    .addOption(jsonOption())
    .action(async ({ confirm, json }: { confirm?: string; json: boolean }) => {
      const { newHistory } = await import('./store.js');
      process.exitCode = await newHistory((await load()).application, readConfiguration(), confirm, { json, print });
    });
};
