/** Runs the application inside a program of its own. Standard input says when to end: one line. */
import { readConfiguration, silentLogger, startProgram } from 'tidemark/server';
import lockers from './application.js';

const program = await startProgram(lockers, readConfiguration(), { logger: silentLogger });
console.log(`serves on ${program.url ?? 'nothing'}`);
process.once('SIGTERM', () => {
  void program.close().then(() => console.log('closed'));
});
