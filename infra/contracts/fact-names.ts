/**
 * Whether an event's name states a business fact. Grammar alone cannot decide it, so doubtful names pass: the rule reports
 * names without any word in the past tense, and words for database operations. A team can declare such a name a fact
 * (`isFact: { because }`).
 */

/** Past forms of English verbs that do not simply end in `-ed`; the caller supplies the word list. */
export interface PastForms {
  /** `sold`, `taken`, `went`; in lower case. */
  readonly isPastForm: (word: string) => boolean;
  /** `set`, `cut`, `read`: a past form that equals the infinitive. */
  readonly isUnchanged: (word: string) => boolean;
}

/** What is wrong with a name; undefined for a name that states a fact. */
export const nameProblem = (type: string, category: string, past: PastForms): string | undefined => {
  const words = wordsOf(type);
  if (!/^[A-Z][A-Za-z0-9]*$/.test(type) || words.length < 2) return 'the name is not PascalCase of two words or more';
  const lower = words.map((word) => word.toLowerCase());
  const isPast = lower.some((word, index) => index > 0 && isPastWord(word, index === lower.length - 1, lower, past));
  if (!isPast) return 'the name states no fact: it has no word in the past tense';
  return saysDatabase(lower, category) ? 'the name describes a database operation, not a business fact' : undefined;
};

/** `VATRefundPaid` is VAT, Refund, Paid. */
const wordsOf = (type: string): ReadonlyArray<string> =>
  type.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/).filter((word) => word !== '');

// -------------------------------------------------------------------------------------
// The past tense
// -------------------------------------------------------------------------------------

/** Words that end in `-ed` but are not past forms. */
const NOT_PAST = new Set([
  ...[
    'bed',
    'red',
    'feed',
    'need',
    'seed',
    'weed',
    'reed',
    'heed',
    'deed',
    'speed',
    'greed',
    'breed',
    'creed',
    'steed',
  ],
  ...['bleed', 'indeed', 'exceed', 'proceed', 'succeed', 'embed', 'imbed', 'sled', 'hundred', 'sacred', 'kindred'],
  ...['hatred', 'shred', 'infrared', 'biped', 'moped', 'seabed', 'flatbed', 'newsfeed', 'linseed', 'watershed'],
]);

const PREFIXES = /^(?:re|over|under|un|out|pre|mis|fore|up|with|dis|co|in|off|de)/;

/** Verbs that begin an imperative: after one of them `Set` or `Run` is a noun. */
const IMPERATIVES = new Set([
  ...['create', 'update', 'delete', 'insert', 'upsert', 'save', 'store', 'add', 'remove', 'modify', 'change', 'set'],
  ...['get', 'start', 'stop', 'begin', 'end', 'do', 'make', 'send', 'cancel', 'place', 'request', 'submit', 'load'],
]);

const isPastWord = (word: string, isLast: boolean, words: ReadonlyArray<string>, past: PastForms): boolean => {
  if (NOT_PAST.has(word)) return false;
  if (past.isPastForm(word)) return true;
  const stem = word.replace(PREFIXES, '');
  if (stem !== word && stem.length > 2 && !NOT_PAST.has(stem) && past.isPastForm(stem)) return true;
  if (past.isUnchanged(word)) return isLast && !IMPERATIVES.has(words[0] ?? '');
  return word.length > 3 && word.endsWith('ed');
};

// -------------------------------------------------------------------------------------
// Database operations
// -------------------------------------------------------------------------------------

/** Verbs that always describe a change of a row. */
const ROW_VERBS = new Set(['created', 'updated', 'deleted', 'inserted', 'upserted', 'modified']);
/** Verbs that do so only where their subject is the aggregate or a row; `PriceChanged` is fine, as it names what changed. */
const GENERAL_VERBS = new Set([
  'changed',
  'added',
  'removed',
  'saved',
  'stored',
  'set',
  'edited',
  'altered',
  'persisted',
]);
const ROW_NOUNS = new Set([
  'row',
  'record',
  'entity',
  'table',
  'column',
  'document',
  'object',
  'item',
  'data',
  'state',
]);

const saysDatabase = (words: ReadonlyArray<string>, category: string): boolean => {
  const last = words.at(-1) ?? '';
  if (ROW_VERBS.has(last)) return true;
  if (!GENERAL_VERBS.has(last)) return false;
  const subject = words.slice(0, -1);
  return subject.join('') === category.replaceAll('_', '') || (subject.length === 1 && ROW_NOUNS.has(subject[0] ?? ''));
};
