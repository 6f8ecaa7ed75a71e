/** What the program is made of. Every role and command takes this one value. */
import { fileURLToPath } from 'node:url';
import { defineApplication } from 'tidemark';
import { copy } from './copy.js';
import { loans } from './loans.js';
import { memberLoans } from './member-loans.js';
import { member } from './member.js';
import { loanTermMs, reminders } from './reminders.js';

export default defineApplication({
  name: '__NAME__',
  file: import.meta.url,
  aggregates: [copy, member],
  settings: { loanTermMs },
  processManagers: (settings) => [reminders(settings.loanTermMs)],
  projections: [loans, memberLoans],
  // In the sources: `build` is thrown away, the contracts must not be.
  contractsFolder: fileURLToPath(new URL('../contracts', import.meta.url)),
});
