/** `tidemark offsets`: where each group stands in each partition, what stands there, and moving it. */
import { existsSync, readFileSync } from 'node:fs';
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import { offsetDecision, type OffsetTarget } from '../../infra/consumption/offset-plan';
import type { OffsetOrder } from '../../infra/consumption/offset-moves';
import { groupPlaces, type GroupPlace } from './group-places';
import { execute, historyLines } from './offset-execution';

type Options = Readonly<Record<string, string | boolean>>;

/** What was typed can't be meant. */
class UnclearMove extends Error {
  override readonly name = 'UnclearMove';
}

/** Answers the exit status: 0, or 1 where a move was refused. */
export const offsets = async (
  configuration: Configuration,
  options: Options,
  print: (line: string) => void,
): Promise<number> => {
  if (options['history'] === true) {
    for (const line of historyLines(configuration, options['json'] === true)) print(line);
    return 0;
  }
  const wish = wishOf(options);
  if (wish !== undefined && typeof options['group'] !== 'string') throw new UnclearMove('a move takes one --group');
  const places = await groupPlaces(configuration, {
    isWanted: (place) => isWanted(options, place),
    ...(wish?._tag === 'Time' ? { atTimeMs: wish.timeMs } : {}),
  });
  if (wish === undefined) {
    const isJson = options['json'] === true;
    if (places.length === 0 && !isJson) print(nothingRead(configuration));
    else show(places, isJson, print);
    return 0;
  }
  return move(configuration, places, wish, options, print);
};

const nothingRead = ({ dataDirectory }: Configuration): string =>
  `nothing of that kind was read by a group whose files are in ${dataDirectory} (DATA_DIR)`;

const isWanted = (
  { group, topic, partition }: Options,
  place: Pick<GroupPlace, 'group' | 'topic' | 'partition'>,
): boolean =>
  (group === undefined || group === place.group) &&
  (topic === undefined || topic === place.topic) &&
  (partition === undefined || Number(partition) === place.partition);

const HEADINGS = ['group', 'topic', 'partition', 'offset', 'low', 'high', 'lag', 'next event'];

const show = (places: ReadonlyArray<GroupPlace>, json: boolean, print: (line: string) => void): void => {
  if (json) {
    for (const place of places) print(JSON.stringify(place));
    return;
  }
  const rows = places.map(({ group, topic, partition, nextOffset, bounds, event, note }) => [
    group,
    topic,
    String(partition),
    String(nextOffset),
    String(bounds?.low ?? '?'),
    String(bounds?.high ?? '?'),
    String(bounds === null ? '?' : bounds.high - nextOffset),
    event === null ? (note ?? '') : `${event.id} ${event.type} (position ${event.position})`,
  ]);
  const widths = HEADINGS.map((heading, index) =>
    Math.max(heading.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  for (const row of [HEADINGS, ...rows]) {
    print(
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
};

// -------------------------------------------------------------------------------------
// Moves
// -------------------------------------------------------------------------------------

const FileLine = t.strict({ topic: t.string, partition: t.number, offset: t.number });

type Wish =
  | OffsetTarget
  | { readonly _tag: 'Time'; readonly timeMs: number }
  | { readonly _tag: 'File'; readonly lines: ReadonlyArray<t.TypeOf<typeof FileLine>> };

const wishOf = (options: Options): Wish | undefined => {
  const given = ['toOffset', 'toTime', 'shift', 'fromFile'].filter((name) => options[name] !== undefined);
  const [name] = given;
  if (name === undefined) return undefined;
  if (given.length > 1) throw new UnclearMove('--to-offset, --to-time, --shift and --from-file exclude each other');
  const text = String(options[name]);
  switch (name) {
    case 'toOffset':
      return { _tag: 'Offset', offset: integerOf('--to-offset', text) };
    case 'shift':
      return { _tag: 'Shift', records: integerOf('--shift', text) };
    case 'toTime': {
      const timeMs = Date.parse(text);
      if (Number.isNaN(timeMs))
        throw new UnclearMove(`--to-time is '${text}'; it takes a time such as 2026-11-24T12:00:00Z`);
      return { _tag: 'Time', timeMs };
    }
    default:
      return { _tag: 'File', lines: linesOf(text) };
  }
};

const integerOf = (option: string, text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value))
    throw new UnclearMove(`${option} is '${text}'; it takes a whole number`);
  return value;
};

const linesOf = (file: string): ReadonlyArray<t.TypeOf<typeof FileLine>> =>
  readFileSync(existsSync(file) ? file : refuse(`there is no file '${file}'`), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const decoded = E.tryCatch(() => JSON.parse(line) as unknown, String);
      const checked = E.isLeft(decoded) ? undefined : FileLine.decode(decoded.right);
      if (checked !== undefined && E.isRight(checked)) return checked.right;
      return refuse(`line ${index + 1} of ${file} is not {"topic":"...","partition":0,"offset":0}`);
    });

const refuse = (reason: string): never => {
  throw new UnclearMove(reason);
};

const targetFor = (wish: Wish, place: GroupPlace): OffsetTarget | undefined => {
  switch (wish._tag) {
    case 'Time':
      return place.offsetAtTime === null ? undefined : { _tag: 'Offset', offset: place.offsetAtTime };
    case 'File': {
      const line = wish.lines.find(({ topic, partition }) => topic === place.topic && partition === place.partition);
      return line === undefined ? undefined : { _tag: 'Offset', offset: line.offset };
    }
    default:
      return wish;
  }
};

const move = async (
  configuration: Configuration,
  places: ReadonlyArray<GroupPlace>,
  wish: Wish,
  options: Options,
  print: (line: string) => void,
): Promise<number> => {
  const moves: OffsetOrder['moves'][number][] = [];
  let refused = false;
  for (const place of places) {
    const target = targetFor(wish, place);
    if (target === undefined) continue;
    const { group, topic, partition, nextOffset: fromOffset, logId, bounds } = place;
    const decision =
      bounds === null
        ? ({ _tag: 'Refuse', reason: place.note ?? 'Kafka does not answer' } as const)
        : offsetDecision(place, bounds, target);
    const at = `${group} ${topic}/${partition}: ${fromOffset}`;
    if (decision._tag === 'Refuse') print(`${at}: refused: ${decision.reason}`);
    else if (decision._tag === 'Stay') print(`${at}: is there already`);
    else print(`${at} -> ${decision.toOffset}: ${decision.meaning}`);
    if (decision._tag === 'Refuse') refused = true;
    if (decision._tag === 'Move') moves.push({ topic, partition, logId, fromOffset, toOffset: decision.toOffset });
  }
  if (refused) {
    print('nothing is moved');
    return 1;
  }
  if (moves.length === 0) {
    print('there is nothing to move');
    return 0;
  }
  if (options['execute'] !== true) {
    print('a dry run: nothing is moved; add --execute to do it');
    return 0;
  }
  return execute(configuration, { group: String(options['group']), moves }, systemClock, print);
};
