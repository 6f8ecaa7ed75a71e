/** Serves the projections of the bad release, in a process of its own. */
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { join } from 'node:path';
import { jsonLogger } from '../../api/cli/loggers';
import { startProjections } from '../../projections/engine/role/role';
import { serveRole } from '../support/serve-role';
import { projections } from './bad-release';

void serveRole(
  (options, { dataDirectory }) =>
    startProjections({
      ...options,
      viewsFile: join(dataDirectory, 'views.sqlite'),
      storeFile: join(dataDirectory, 'store.sqlite'),
      openStore: () => openEventFeed(join(dataDirectory, 'store.sqlite')),
      projections,
      applicationFile: require.resolve('./bad-release'),
    }),
  jsonLogger(),
);
