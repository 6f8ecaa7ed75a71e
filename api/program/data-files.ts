/** The files of an installation, each with exactly one writing role. */
import { join } from 'node:path';

export interface DataFiles {
  readonly store: string;
  readonly relay: string;
  readonly views: string;
  readonly reactors: string;
}

/** Returns the paths of the files in a data directory. */
export const dataFiles = (directory: string): DataFiles => ({
  store: join(directory, 'store.sqlite'),
  relay: join(directory, 'relay.sqlite'),
  views: join(directory, 'views.sqlite'),
  reactors: join(directory, 'reactors.sqlite'),
});
