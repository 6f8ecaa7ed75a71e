/** Runs the projections' role with the planted bug, until SIGTERM. */
import { openEventFeed } from '../../../infra/sqlite/event-feed';
import { dataFiles } from '../../../api/program/data-files';
import { prepareProcess } from '../../../infra/configuration';
import { startProjections } from '../../../projections/engine/role/role';
import { serveRole } from '../../support/serve-role';
import { projections } from './planted-definitions';

prepareProcess();

void serveRole((options, configuration) => {
  const files = dataFiles(configuration.dataDirectory);
  return startProjections({
    ...options,
    viewsFile: files.views,
    storeFile: files.store,
    openStore: () => openEventFeed(files.store),
    projections,
    applicationFile: require.resolve('./planted-definitions'),
  });
});
