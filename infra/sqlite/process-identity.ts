/**
 * The name that a process holds a lease under, and whether that process can still come back. A process number means something
 * only within one boot of one machine and one PID namespace, and numbers are given out again: so the name says all of that,
 * and where any of it is unknown nobody is taken for dead.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** `host:pid:boot/namespace/start:id`; the third part is empty where the system does not tell. */
export const ownerName = (id: string): string => `${hostname()}:${process.pid}:${ownPlace()}:${id}`;

/** Whether the holder is known to have ended; false where that cannot be told. */
export const isGone = (owner: string): boolean => {
  const [host, pidText, place = ''] = owner.split(':');
  const pid = Number(pidText);
  if (host !== hostname() || !Number.isSafeInteger(pid) || pid <= 0) return false;
  const scope = processScope();
  const [boot, namespace, start] = place.split('/');
  if (scope === undefined || start === undefined || start === '') return false;
  if (boot !== scope.boot || namespace !== scope.namespace) return false;
  if (!exists(pid)) return true;
  const startNow = startOf(pid);
  // The number was given to another process meanwhile.
  return startNow !== undefined && startNow !== start;
};

const ownPlace = (): string => {
  const scope = processScope();
  const start = startOf(process.pid);
  return scope === undefined || start === undefined ? '' : `${scope.boot}/${scope.namespace}/${start}`;
};

interface Scope {
  readonly boot: string;
  readonly namespace: string;
}

/** Where numbers of processes mean the same; undefined where the system does not tell. */
const processScope = (): Scope | undefined => {
  // Elsewhere a start after a kill waits for the lease's time.
  if (process.platform !== 'linux') return undefined;
  const boot = readOrNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = readOrNothing(() => readlinkSync('/proc/self/ns/pid').replace(/\D/g, ''));
  return boot === undefined || namespace === undefined || namespace === '' ? undefined : { boot, namespace };
};

/** When a process started, in ticks since the boot. */
const startOf = (pid: number): string | undefined => {
  const stat = readOrNothing(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name, which may hold blanks and brackets; the start is the 22nd.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
};

const readOrNothing = <Result>(read: () => Result): Result | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};
