/** What a process meets that is no longer the one writer of its file. */
import { TakenOver } from './engine-fault';

/** The lease was taken over by another process; what this one still wants to write must not be written. */
export class LeaseLost extends TakenOver {
  override readonly name = 'LeaseLost';
}
