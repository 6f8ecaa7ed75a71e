/** A small application of its own: serve it with `--app build/test/examples/library/application.js`. */
import { join } from 'node:path';
import { defineApplication } from '../../../projections/application';
import { loanAggregate } from './loan';
import { memberLoans } from './member-loans';
import { reminders } from './reminders';

export default defineApplication({
  name: 'library',
  aggregates: [loanAggregate],
  processManagers: [reminders],
  projections: [memberLoans],
  // In the sources, seen from the built code: `build` is removed by `make clean`, the contracts must not be.
  contractsFolder: join(__dirname, '..', '..', '..', '..', 'test', 'examples', 'library', 'contracts'),
});
