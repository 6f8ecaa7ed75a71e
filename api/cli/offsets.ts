/** `tidemark offsets`: shows the checkpoint of each group in each partition, and moves it. */
import { TIME_WITH_ZONE, timeMsOf } from '../../domain/kernel/time-text';
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import { offsetDecision, type OffsetTarget, type OffsetOrder } from '../../infra/consumption/checkpoints/checkpoints';
import type { Application } from '../../projections/application';
import { groupPlaces, type GroupPlace } from './group-places';
import { InvalidArguments } from './invalid-arguments';
import { execute, historyLines } from './offset-execution';
import { assertEachMatches, readOffsetFile, type OffsetLine } from './offset-file';
import { isSamePartition } from '../../infra/topic-partition';
import { partitionName } from '../../infra/topic-partition';

type Options = Readonly<Record<string, string | boolean>>;

/** Returns the exit status: 0, or 1 if a move was refused. */
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
  const requested = requestedMove(options);
  const places = await groupPlaces(configuration, {
    isWanted: (place) => isWanted(options, place),
    ...(requested?._tag === 'Time' ? { atTimeMs: requested.timeMs } : {}),
  });
  if (requested === undefined) {
    const isJson = options['json'] === true;
    if (places.length === 0 && !isJson) print(nothingRead(configuration));
    else show(places, isJson, print);
    return 0;
  }
  assertMatches(requested, places, options);
  return move(application, configuration, places, requested, options, print);
};

/** Rejects a selection that matches no checkpoint, which is almost certainly a mistyped name. */
const assertMatches = (
  requested: RequestedMove,
  places: ReadonlyArray<GroupPlace>,
  { group, topic, partition }: Options,
): void => {
  if (requested._tag === 'File') assertEachMatches(requested.file, requested.lines, String(group), places);
  if (places.length > 0) return;
  const where = [topic, partition].filter((each) => each !== undefined).join('/');
  throw new InvalidArguments(
    `the group '${String(group)}' has no checkpoint${where === '' ? '' : ` in ${where}`}: 'tidemark offsets' lists those of each group`,
  );
};

const nothingRead = ({ dataDirectory }: Configuration): string =>
  `no such checkpoint exists in the files of ${dataDirectory} (DATA_DIR)`;

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

type RequestedMove =
  | OffsetTarget
  | { readonly _tag: 'Time'; readonly timeMs: number }
  | { readonly _tag: 'File'; readonly file: string; readonly lines: ReadonlyArray<OffsetLine> };

const requestedMove = (options: Options): RequestedMove | undefined => {
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

const integerOf = (option: string, text: string, min = -Number.MAX_SAFE_INTEGER): number => {
  const value = /^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= min) return value;
  throw new InvalidArguments(`${option} is '${text}'; expected ${min === 0 ? 'a non-negative integer' : 'an integer'}`);
};

const targetFor = (requested: RequestedMove, place: GroupPlace): OffsetTarget | undefined => {
  switch (requested._tag) {
    case 'Time':
      return place.offsetAtTime === null ? undefined : { _tag: 'Offset', offset: place.offsetAtTime };
    case 'File': {
      const line = requested.lines.find((each) => isSamePartition(each, place));
      return line === undefined ? undefined : { _tag: 'Offset', offset: line.offset };
    }
    default:
      return requested;
  }
};

const move = async (
  application: () => Promise<Application>,
  configuration: Configuration,
  places: ReadonlyArray<GroupPlace>,
  requested: RequestedMove,
  options: Options,
  print: (line: string) => void,
): Promise<number> => {
  const moves: OffsetOrder['moves'][number][] = [];
  let refused = false;
  for (const place of places) {
    const target = targetFor(requested, place);
    // A file moves the partitions that it names; other moves must be possible in every selected partition.
    if (target === undefined && requested._tag === 'File') continue;
    const { group, topic, partition, nextOffset: fromOffset, logId, bounds } = place;
    const decision =
      bounds === null || target === undefined
        ? ({ _tag: 'Refuse', reason: place.note ?? 'Kafka does not know that offset' } as const)
        : offsetDecision(place, bounds, target);
    const at = `${group} ${partitionName({ topic, partition })}: ${fromOffset}`;
    if (decision._tag === 'Refuse') print(`${at}: refused: ${decision.reason}`);
    else if (decision._tag === 'Stay') print(`${at}: is already there`);
    else print(`${at} -> ${decision.toOffset}: ${decision.meaning}`);
    if (decision._tag === 'Refuse') refused = true;
    if (decision._tag === 'Move') moves.push({ topic, partition, logId, fromOffset, toOffset: decision.toOffset });
  }
  if (refused) {
    print('nothing was moved');
    return 1;
  }
  if (moves.length === 0) {
    print('there is nothing to move');
    return 0;
  }
  if (options['execute'] !== true) {
    print('dry run: nothing was moved; add --execute to move');
    return 0;
  }
  return execute(await application(), configuration, { group: String(options['group']), moves }, systemClock, print);
};
