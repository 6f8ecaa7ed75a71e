/** The line that the program prints when an error ends it: one sentence, whatever was thrown. */

/** Upper limit on a message that was not written for operators. */
const DISPLAY_LIMIT_CHARACTERS = 600;

/** Where in the code it was thrown; a syntax error names its place in the first line of its stack. */
const placeOf = ({ name, stack = '' }: Error): string | undefined => {
  const lines = stack.split('\n');
  if (name === 'SyntaxError') {
    const [first = ''] = lines;
    if (/^(\/|[A-Za-z]:\\|file:).*:\d+$/.test(first)) return first;
  }
  const places = lines.flatMap(
    (line) => /^\s+at (?:.*\()?((?:\/|[A-Za-z]:\\|file:)[^()]*:\d+:\d+)\)?$/.exec(line)?.[1] ?? [],
  );
  return places.find((place) => !place.includes('node_modules')) ?? places[0];
};

const inOneLine = (text: string): string => {
  const line = text.replaceAll(/\s*[\r\n]+\s*/g, ' ').trim();
  return line.length <= DISPLAY_LIMIT_CHARACTERS ? line : `${line.slice(0, DISPLAY_LIMIT_CHARACTERS)}...`;
};

/** Errors that were written for operators have a specific name, and so have system errors. */
const isWorded = (error: Error): boolean =>
  ![
    'Error',
    'TypeError',
    'RangeError',
    'ReferenceError',
    'SyntaxError',
    'EvalError',
    'URIError',
    'AggregateError',
  ].includes(error.name) ||
  ('syscall' in error && 'code' in error);

const thrownValue = (thrown: unknown): string => {
  if (typeof thrown === 'string') return thrown;
  try {
    return typeof thrown === 'object' && thrown !== null ? JSON.stringify(thrown) : String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
};

/** An error from another realm (a worker, a vm) is not `instanceof` this one's Error. */
const isErrorLike = (thrown: unknown): thrown is Error =>
  thrown instanceof Error ||
  (typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string');

/** Returns the sentence; with `isDebugging` the stack, and the stacks of its causes. */
export const failureLine = (thrown: unknown, isDebugging: boolean): string => {
  if (!isErrorLike(thrown)) return `something that is not an error was thrown: ${inOneLine(thrownValue(thrown))}`;
  if (isDebugging) return withCauses(thrown);
  const { name, message } = thrown;
  if (thrown instanceof Error && isWorded(thrown)) return message.trim() === '' ? name : message;
  const [firstLine = ''] = message.split('\n');
  const sentence = inOneLine(firstLine) === '' ? 'an error without a message was thrown' : inOneLine(firstLine);
  // An object that only looks like an error may have no name.
  const kind = (name as string | undefined) === undefined || name === 'Error' ? '' : `${name}: `;
  const place = placeOf(thrown);
  return `${kind}${sentence} (${place === undefined ? '' : `at ${place}; `}TIDEMARK_DEBUG=true shows the stack)`;
};

const MAX_CAUSES = 5;

const withCauses = (error: Error): string => {
  const parts: string[] = [];
  for (let each: unknown = error, depth = 0; isErrorLike(each) && depth < MAX_CAUSES; each = each.cause, depth += 1)
    parts.push(each.stack ?? each.message);
  return parts.join('\ncaused by ');
};
