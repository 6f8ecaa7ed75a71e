/** The log in memory keeps the contract of a log. */
import { systemClock } from '../../../infra/clock';
import { inMemoryLog } from '../../../infra/kafka/memory/in-memory-log';
import { holdLogContract } from '../../contracts/event-log-contract';

holdLogContract('the log in memory', {
  open: () => Promise.resolve(inMemoryLog({ clock: systemClock })),
  prefix: '',
});
