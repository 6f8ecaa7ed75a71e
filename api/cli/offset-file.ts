/** Reads target offsets from a file of JSON lines; one invalid line rejects the whole file. */
import { readFileSync } from 'node:fs';
import { InvalidArguments } from './invalid-arguments';
import { isSamePartition, partitionName, type TopicPartition } from '../../infra/topic-partition';

/** A line, with its line number for messages. */
export interface OffsetLine extends TopicPartition {
  readonly line: number;
  readonly offset: number;
}

const EXPECTED = '{"topic":"...","partition":0,"offset":0}';

/** Reads the lines. Throws {@link InvalidArguments} with the number of the invalid line. */
export const readOffsetFile = (file: string, group: string): ReadonlyArray<OffsetLine> => {
  const lines: OffsetLine[] = [];
  const texts = contentOf(file).split('\n');
  texts.forEach((text, index) => {
    if (text.trim() === '') return;
    const line = lineOf(file, text, index + 1, group);
    const same = lines.find((each) => isSamePartition(each, line));
    if (same !== undefined) {
      throw new InvalidArguments(
        `line ${line.line} of ${file} names ${partitionName(line)}, as line ${same.line} does: name each partition once`,
      );
    }
    lines.push(line);
  });
  if (lines.length === 0) throw new InvalidArguments(`${file} has no lines; expected ${EXPECTED} for each partition`);
  return lines;
};

/** Throws {@link InvalidArguments} for the first line whose partition is not among the places. */
export const assertEachMatches = (
  file: string,
  lines: ReadonlyArray<OffsetLine>,
  group: string,
  places: ReadonlyArray<TopicPartition>,
): void => {
  const stray = lines.find((each) => !places.some((place) => isSamePartition(each, place)));
  if (stray === undefined) return;
  const topics = [...new Set(places.map(({ topic }) => topic))].join(', ');
  throw new InvalidArguments(
    `line ${stray.line} of ${file} names ${partitionName(stray)}, in which ${group} has no checkpoint` +
      (topics === '' ? '' : ` (it reads ${topics})`),
  );
};

const contentOf = (file: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw new InvalidArguments(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const lineOf = (file: string, text: string, line: number, group: string): OffsetLine => {
  const value = parsed(text);
  const fields = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const { topic, partition, offset } = fields;
  if (typeof topic !== 'string' || topic === '' || !isIndex(partition) || !isIndex(offset)) {
    throw new InvalidArguments(`line ${line} of ${file} is not ${EXPECTED}, with non-negative integers`);
  }
  if (fields['group'] !== undefined && fields['group'] !== group) {
    throw new InvalidArguments(
      `line ${line} of ${file} names the group ${JSON.stringify(fields['group'])}, not ${group}`,
    );
  }
  return { line, topic, partition, offset };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
