/** The command `tidemark new`. */
import { relative } from 'node:path';
import type { Command } from 'commander';

/** Adds it to the command line. */
export const addNewCommand = (program: Command, print: (line: string) => void): void => {
  program
    .command('new')
    .description(
      'makes a new program in a folder of its own: two aggregates, a process manager, views, tests, deployment',
    )
    .argument('<name>', 'its name, and the name of its folder in the working folder: lower case, with hyphens')
    .action(async (name: string) => {
      const { makeProgram } = await import('../scaffold/new-program.js');
      const { folder, files } = makeProgram(name, process.cwd());
      print(`${relative(process.cwd(), folder)}: ${files.length} files of a lending library, to be changed into yours`);
      print(`next: cd ${name} && npm install && npm test && npm start; README.md has the rest`);
    });
};
