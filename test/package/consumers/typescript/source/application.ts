/** The application: what the command line and the program that embeds it both load. */
import { defineApplication, defineSetting, t } from 'tidemark';
import { defineProjection, integer, text } from 'tidemark/projections';
import { parcel, ParcelDeposited, ParcelTaken } from './parcel.js';

const lockerContents = defineProjection({
  name: 'locker-contents',
  version: 1,
  meaning: 'One row a locker: the parcels in it.',
  view: { key: { locker: text('The locker.') }, columns: { parcels: integer('How many parcels are in it.') } },
  handles: [ParcelDeposited, ParcelTaken],
  project: ({ type, data: { locker } }) => [{ key: { locker }, add: { parcels: type === 'ParcelDeposited' ? 1 : -1 } }],
});

export default defineApplication({
  name: 'lockers',
  file: import.meta.url,
  aggregates: [parcel],
  projections: [lockerContents],
  settings: {
    city: defineSetting({
      variable: 'LOCKER_CITY',
      codec: t.string,
      default: 'Berlin',
      meaning: 'Where the lockers are.',
    }),
  },
  contractsFolder: new URL('../contracts', import.meta.url).pathname,
});
