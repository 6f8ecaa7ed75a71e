/**
 * A walk through the sources, as docs/architecture.md counts it: its steps are lines of a text, `file#function`, each indented
 * under the step that calls it. Where a call goes through a port, or to the other thread, the line says through which file:
 * `file#function via port`, or `via port,port` where the first hands the second on.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface Step {
  readonly file: string;
  readonly functions: ReadonlyArray<string>;
  /** Where caller and callee agree on the call; none where the one imports the other. */
  readonly via: ReadonlyArray<string>;
  /** Undefined at the beginning of a leg. */
  readonly caller: string | undefined;
}

export interface Leg {
  readonly name: string;
  readonly steps: ReadonlyArray<Step>;
}

/** What the table of the document has of a leg, or of all. */
export interface Count {
  readonly steps: number;
  readonly files: number;
  readonly crossings: number;
}

/** Reads the legs: each begins with a line `# name`. Throws where a line is not a step, or stands under none. */
export const legsOf = (text: string): ReadonlyArray<Leg> =>
  text
    .split(/^# /m)
    .slice(1)
    .map((part) => {
      const [name = '', ...lines] = part.trimEnd().split('\n');
      return { name, steps: stepsOf(lines) };
    });

const stepsOf = (lines: ReadonlyArray<string>): ReadonlyArray<Step> => {
  const callers: string[] = [];
  return lines.map((line) => {
    const [, indent = '', file, names = '', via] =
      /^((?: {2})*)([\w/.-]+)#([\w,]+)(?: via ([\w/.,-]+))?$/.exec(line) ?? [];
    if (file === undefined) throw new Error(`this is no step: ${line}`);
    const depth = indent.length / 2;
    if (depth > callers.length) throw new Error(`nobody calls this step: ${line}`);
    callers.splice(depth, Infinity, file);
    return { file, functions: names.split(','), via: via?.split(',') ?? [], caller: callers[depth - 1] };
  });
};

/** Counts a leg: every step, every file once, and every step into another folder than that of the step before. */
export const countOf = ({ steps }: Pick<Leg, 'steps'>): Count => ({
  steps: steps.length,
  files: new Set(steps.map(({ file }) => file)).size,
  crossings: steps.filter(({ file }, index) => {
    const before = steps[index - 1];
    return before !== undefined && dirname(before.file) !== dirname(file);
  }).length,
});

/** Counts all legs; a file that several of them come through is one. */
export const countOfAll = (legs: ReadonlyArray<Leg>): Count => ({
  ...countOf({ steps: legs.flatMap(({ steps }) => steps) }),
  crossings: legs.reduce((sum, leg) => sum + countOf(leg).crossings, 0),
});

/** The sources that a walk is held against. */
export interface Sources {
  /** Undefined where there is no such file. */
  readonly read: (file: string) => string | undefined;
}

/** Those under a folder. */
export const sourcesIn = (root: string): Sources => ({
  read: (file) => {
    const path = join(root, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  },
});

/** What is wrong with a step: a file or a function that is not there, or a caller that can't know it. */
export const faultsOf = (sources: Sources, { file, functions, via, caller }: Step): ReadonlyArray<string> => {
  const text = sources.read(file);
  if (text === undefined) return [`${file} is not there`];
  const missing = functions.filter((name) => !names(text, name)).map((name) => `${file} has no function ${name}`);
  if (caller === undefined || isCall(sources, caller, file, via)) return missing;
  const way = via.length === 0 ? '' : ` through ${via.join(', ')}`;
  return [...missing, `${caller} does not lead to ${file}${way}`];
};

/** Declared, a member of an object or of a type, or a method. */
const names = (text: string, name: string): boolean =>
  new RegExp(
    `(?:const|let|function\\*?|class) ${name}\\b|^\\s+(?:async )?(?:readonly )?${name}(?:\\(|: |,$)|[{,] ${name}[,:]`,
    'm',
  ).test(text);

const isCall = (sources: Sources, caller: string, callee: string, via: ReadonlyArray<string>): boolean => {
  const last = via.at(-1);
  if (last === undefined) return caller === callee || reaches(sources, caller, callee);
  const isKnown = via.every((port, index) => {
    const before = via[index - 1] ?? caller;
    return before === port || reaches(sources, before, port);
  });
  return isKnown && (reaches(sources, callee, last) || reaches(sources, last, callee));
};

/** Imports it, or a file that hands its exports on. */
const reaches = (sources: Sources, from: string, to: string): boolean =>
  linksOf(sources, from, /(?:^|\s)from '(\.[^']+)'/g).some((file) => file === to || handsOn(sources, file, to));

const handsOn = (sources: Sources, door: string, to: string): boolean =>
  linksOf(sources, door, /^export [^;]*?from '(\.[^']+)'/gm).some((file) => file === to || handsOn(sources, file, to));

const linksOf = (sources: Sources, file: string, link: RegExp): ReadonlyArray<string> =>
  [...(sources.read(file) ?? '').matchAll(link)].map(([, path = '']) => join(dirname(file), `${path}.ts`));

/** The steps that enter a room past its door, and through no port either. */
export const entriesPastDoors = (sources: Sources, legs: ReadonlyArray<Leg>): ReadonlyArray<string> =>
  legs
    .flatMap(({ steps }) => steps)
    .flatMap(({ file, caller, via }) => {
      const room = dirname(file);
      const door = join(room, `${basename(room)}.ts`);
      const isEntered = caller !== undefined && dirname(caller) !== room && sources.read(door) !== undefined;
      return !isEntered || via.length > 0 || reaches(sources, caller, door) ? [] : [`${caller} -> ${file}`];
    });
