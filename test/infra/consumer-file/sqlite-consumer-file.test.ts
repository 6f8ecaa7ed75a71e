/** The consumer's file in SQLite keeps the contract. */
import { groupStatusReader } from '../../../infra/sqlite/consumer-file/consumer-file';
import { openDatabase } from '../../../infra/sqlite/database';
import { closeLeased, openLeasedDatabase } from '../../../infra/sqlite/leased-database';
import { reactorsFile, reactorsMigrations } from '../../../infra/sqlite/process-store/process-store';
import { newFile } from '../sqlite/store-fixture';
import { ownClock } from '../../support/test-clock';
import { consumerFileContract } from './contract';

consumerFileContract('SQLite', async () => {
  const path = newFile();
  const leased = await openLeasedDatabase({
    file: path,
    synchronous: 'NORMAL',
    migrations: reactorsMigrations,
    clock: ownClock,
    ttlMs: 60_000,
    onLost: () => undefined,
  });
  return {
    file: reactorsFile(leased, ownClock),
    statuses: groupStatusReader(leased.database),
    takeOver: () => {
      const other = openDatabase({ file: path, synchronous: 'NORMAL', migrations: reactorsMigrations });
      other.exec('UPDATE lease SET epoch = epoch + 1');
      other.close();
    },
    close: () => closeLeased(leased),
  };
});
