/** A small application of its own: serve it with `--app build/test/examples/library/application.js`. */
import { join } from 'node:path';
import { defineApplication } from '../../../projections/application';
import { dueDates } from './due-dates';
import { loanAggregate } from './loan';
import { loanList } from './loan-list';
import { memberAggregate } from './member';
import { memberLoans } from './member-loans';
import { reminders } from './reminders';

export default defineApplication({
  name: 'library',
  aggregates: [loanAggregate, memberAggregate],
  processManagers: [reminders],
  projections: [memberLoans, loanList, dueDates],
  // In the sources, seen from the built code: `build` is removed by `make clean`, the contracts must not be.
  contractsFolder: join(__dirname, '..', '..', '..', '..', 'test', 'examples', 'library', 'contracts'),
});
