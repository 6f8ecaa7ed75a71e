/** The commands for effects: `tidemark effects`. */
import type { Command, Option } from 'commander';
import { readConfiguration } from '../../infra/configuration';

interface Json {
  readonly json: boolean;
}

/** Adds the commands to the program. */
export const addEffectCommands = (
  program: Command,
  { jsonOption, print }: { readonly jsonOption: () => Option; readonly print: (line: string) => void },
): void => {
  const effects = program.command('effects').description('calls to the outside that follow from events');
  effects
    .command('list')
    .description('one line per effect: its mode, what is pending, and how its calls have ended')
    .addOption(jsonOption())
    .action(async (options: Json) => {
      const { listEffects } = await import('./effects.js');
      await listEffects(readConfiguration(), options, print);
    });
  effects
    .command('results')
    .description('the recorded results of the calls of an effect, newest first')
    .argument('<effect>', 'such as delivery-webhook')
    .option('--key <key>', 'only the call with this idempotency key')
    .option('--limit <count>', 'upper limit on the lines', '50')
    .addOption(jsonOption())
    .action(async (effect: string, options: Json & { readonly key?: string; readonly limit: string }) => {
      const { listEffectResults } = await import('./effects.js');
      await listEffectResults(readConfiguration(), effect, options, print);
    });
  const mode = (action: 'pause' | 'drain' | 'resume', what: string): void => {
    effects
      .command(action)
      .description(what)
      .argument('<effect>', 'such as delivery-webhook')
      .addOption(jsonOption())
      .action(async (effect: string, options: Json) => {
        const { setEffectMode } = await import('./effects.js');
        await setEffectMode(readConfiguration(), effect, action, options, print);
      });
  };
  mode('pause', 'makes no more calls; events still become pending calls, which wait');
  mode('drain', 'makes the calls that are pending now; those of later events wait');
  mode('resume', 'makes all calls again, beginning with those that have waited');
};
