/** `tidemark offsets`: where each group stands in each partition, what stands there, and moving it. */
import { TIME_WITH_ZONE, timeMsOf } from '../../domain/kernel/time-text';
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import {
  planOffsetMove,
  type OffsetTarget,
  type OffsetMoveRequest,
} from '../../infra/consumption/checkpoints/checkpoints';
import type { Application } from '../../projections/application';
import { groupPlaces, type GroupPlace } from './group-places';
import { InvalidArguments } from './invalid-arguments';
import { execute, historyLines } from './offset-execution';
import { assertEachMatches, readOffsetFile, type OffsetLine } from './offset-file';
import { isSamePartition } from '../../infra/topic-partition';
import { partitionName } from '../../infra/topic-partition';

type Options = Readonly<Record<string, string | boolean>>;

/** Returns the exit status: 0, or 1 where a move was refused. */
export const offsets = async (
  application: () => Promise<Application>,
  configuration: Configuration,
  options: Options,
  print: (line: string) => void,
): Promise<number> => {
  if (options['history'] === true) {
    for (const line of historyLines(configuration, options['json'] === true)) print(line);
    return 0;
  }
  if (options['partition'] !== undefined) integerOf('--partition', String(options['partition']), 0);
  const wish = wishOf(options);
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
  assertMeant(wish, places, options);
  return move(application, configuration, places, wish, options, print);
};

/** What is meant for no partition at all, or names one that the group does not read, was meant otherwise. */
const assertMeant = (wish: Wish, places: ReadonlyArray<GroupPlace>, { group, topic, partition }: Options): void => {
  if (wish._tag === 'File') assertEachMatches(wish.file, wish.lines, String(group), places);
  if (places.length > 0) return;
  const where = [topic, partition].filter((each) => each !== undefined).join('/');
  throw new InvalidArguments(
    `nothing was read by the group '${String(group)}'${where === '' ? '' : ` in ${where}`}: 'tidemark offsets' lists where each group stands`,
  );
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

type Wish =
  | OffsetTarget
  | { readonly _tag: 'Time'; readonly timeMs: number }
  | { readonly _tag: 'File'; readonly file: string; readonly lines: ReadonlyArray<OffsetLine> };

const wishOf = (options: Options): Wish | undefined => {
  const given = ['toOffset', 'toTime', 'shift', 'fromFile'].filter((name) => options[name] !== undefined);
  const [name] = given;
  if (name === undefined) return undefined;
  if (given.length > 1)
    throw new InvalidArguments('--to-offset, --to-time, --shift and --from-file exclude each other');
  const { group } = options;
  if (typeof group !== 'string') throw new InvalidArguments('a move takes one --group');
  const text = String(options[name]);
  switch (name) {
    case 'toOffset':
      return { _tag: 'Offset', offset: integerOf('--to-offset', text, 0) };
    case 'shift':
      return { _tag: 'Shift', records: integerOf('--shift', text) };
    case 'toTime': {
      const timeMs = timeMsOf(text);
      if (timeMs === undefined) throw new InvalidArguments(`--to-time is '${text}'; it takes a ${TIME_WITH_ZONE}`);
      return { _tag: 'Time', timeMs };
    }
    default:
      return { _tag: 'File', file: text, lines: readOffsetFile(text, group) };
  }
};

const integerOf = (option: string, text: string, least = -Number.MAX_SAFE_INTEGER): number => {
  const value = /^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new InvalidArguments(`${option} is '${text}'; it takes a whole number${least === 0 ? ' from 0 on' : ''}`);
};

const targetFor = (wish: Wish, place: GroupPlace): OffsetTarget | undefined => {
  switch (wish._tag) {
    case 'Time':
      return place.offsetAtTime === null ? undefined : { _tag: 'Offset', offset: place.offsetAtTime };
    case 'File': {
      const line = wish.lines.find((each) => isSamePartition(each, place));
      return line === undefined ? undefined : { _tag: 'Offset', offset: line.offset };
    }
    default:
      return wish;
  }
};

const move = async (
  application: () => Promise<Application>,
  configuration: Configuration,
  places: ReadonlyArray<GroupPlace>,
  wish: Wish,
  options: Options,
  print: (line: string) => void,
): Promise<number> => {
  const moves: OffsetMoveRequest['moves'][number][] = [];
  let refused = false;
  for (const place of places) {
    const target = targetFor(wish, place);
    // A file moves the partitions that it names; what is asked for all of them has to be possible for each.
    if (target === undefined && wish._tag === 'File') continue;
    const { group, topic, partition, nextOffset: fromOffset, logId, bounds } = place;
    const decision =
      bounds === null || target === undefined
        ? ({ _tag: 'Refuse', reason: place.note ?? 'Kafka does not say where that is' } as const)
        : planOffsetMove(place, bounds, target);
    const at = `${group} ${partitionName({ topic, partition })}: ${fromOffset}`;
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
  return execute(await application(), configuration, { group: String(options['group']), moves }, systemClock, print);
};
