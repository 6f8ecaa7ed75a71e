/** Finds what is wrong with a body: every failing path is counted, and the first ones are explained. */
import * as t from 'io-ts';
import { ListType, RecordType, type AnyRecord, type Fields } from '../../domain/kernel/codec';
import { expectation, type PathFailure } from '../../domain/kernel/explain';

/** The size of the body bounds the work; the display limit bounds the size of the response. */
export interface BodyFailures {
  readonly count: number;
  readonly shown: ReadonlyArray<PathFailure>;
}

/** Upper limit on explained paths: the first ones are enough to fix a body with thousands of errors. */
const DISPLAY_LIMIT = 100;

/** Compares a body with the codec from which its schema is derived. */
export const bodyFailures = (codec: AnyRecord, body: unknown): BodyFailures => {
  const shown: PathFailure[] = [];
  let count = 0;
  const report: Report = (path, message) => {
    count += 1;
    if (shown.length < DISPLAY_LIMIT) shown.push({ path: path() || '/', message: message() });
  };
  compare(codec, body, () => '', report);
  return { count, shown };
};

/** Paths and messages are built lazily, only for explained failures. */
type Lazy = () => string;
type Report = (path: Lazy, message: Lazy) => void;

const compare = (codec: t.Mixed, value: unknown, path: Lazy, report: Report): void => {
  if (codec.is(value) && !(codec instanceof RecordType) && !(codec instanceof t.ReadonlyArrayType)) return;
  if (codec instanceof RecordType && isObject(value)) {
    // The cast restores the type parameters that `instanceof` erases.
    compareFields((codec as RecordType<Fields>).fields, value, path, report);
  } else if (codec instanceof t.ReadonlyArrayType && Array.isArray(value)) {
    compareItems(codec as t.ReadonlyArrayType<t.Mixed>, value, path, report);
  } else {
    report(path, () => expectation(codec.name, value));
  }
};

const compareFields = (fields: Fields, value: Readonly<Record<string, unknown>>, path: Lazy, report: Report): void => {
  for (const [name, { codec, required }] of Object.entries(fields)) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    if (member === undefined && !required) continue;
    compare(codec, member, () => `${path()}/${pointerPart(name)}`, report);
  }
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(fields, name)) continue;
    report(
      () => `${path()}/${pointerPart(name)}`,
      () => 'is not a known field; leave it out',
    );
  }
};

const compareItems = (
  codec: t.ReadonlyArrayType<t.Mixed>,
  items: ReadonlyArray<unknown>,
  path: Lazy,
  report: Report,
): void => {
  if (codec instanceof ListType && items.length > codec.maxItems) {
    const { maxItems } = codec;
    report(path, () => `holds ${items.length} items; it takes at most ${maxItems}`);
    return;
  }
  if (codec instanceof ListType && items.length < codec.minItems) {
    const { minItems } = codec;
    report(path, () => `holds ${items.length} items; it takes at least ${minItems}`);
  }
  items.forEach((item, index) => compare(codec.type, item, () => `${path()}/${index}`, report));
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 6901. */
export const pointerPart = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
