/** Which test files are fast: those that import, directly or through others, neither child processes nor the Kafka client. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const SLOW_MODULES: ReadonlySet<string> = new Set(['node:child_process', '@confluentinc/kafka-javascript']);

/** The file that loads the Kafka client for the program, by a name that a search for `require` does not find. */
const NATIVE_CLIENT = resolve(__dirname, '..', 'infra', 'kafka', 'native-client.js');

/** What a built file requires, as it is written there. */
const requiredBy = (file: string): ReadonlyArray<string> =>
  [...readFileSync(file, 'utf8').matchAll(/require\("([^"]+)"\)/g)].map(([, name = '']) => name);

/** Tells of a built test file whether it needs neither a broker nor a process of its own. */
export const isFast = (testFile: string): boolean => {
  const seen = new Set<string>();
  const queue = [testFile];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    if (file === NATIVE_CLIENT) return false;
    for (const name of requiredBy(file)) {
      if (SLOW_MODULES.has(name)) return false;
      const path = `${resolve(dirname(file), name)}.js`;
      if (name.startsWith('.') && existsSync(path)) queue.push(path);
    }
  }
  return true;
};
