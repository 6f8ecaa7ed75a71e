/** What every contract has to declare: an owner, dates, meanings, and a name that states a fact. */
import * as t from 'io-ts';
import type { Catalog } from '../../domain/kernel/aggregate';
import { RecordType, type AnyField, type Fields } from '../../domain/kernel/codec';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import { versionsOf } from '../../domain/kernel/event-versions';
import { isCalendarDay } from '../../domain/kernel/time-text';
import type { PartitionKey, Topic } from '../../domain/kernel/topic';
import { Amount, Currency, Instant } from '../../domain/kernel/values';
import { nameProblem, type PastForms } from './fact-names';
import type { Finding } from './finding';

/** Everything that is missing or badly named. */
export const ruleFindings = (catalog: Catalog, past: PastForms): ReadonlyArray<Finding> =>
  catalog.aggregates.flatMap(({ category, topic, events }) => [
    ...topicFindings(topic),
    ...[...events.values()].flatMap((definition) => [
      ...nameFindings(definition, category, past),
      ...versionFindings(definition),
      ...wordFindings(definition),
      ...successorFindings(catalog, definition),
    ]),
  ]);

const finding = (subject: string, problem: string, remedy: string): Finding => ({
  subject,
  problem,
  remedy,
  details: [],
  acceptable: false,
});

// -------------------------------------------------------------------------------------
// Names
// -------------------------------------------------------------------------------------

const nameFindings = (
  { type, isFact }: AnyEventDefinition,
  category: string,
  past: PastForms,
): ReadonlyArray<Finding> => {
  if (isFact !== undefined) {
    if (SENTENCE.test(isFact.because)) return [];
    const remedy = "Write a sentence in 'because', from a capital letter to a full stop: reviewers read it.";
    return [finding(type, 'it is declared a fact, but no sentence says why', remedy)];
  }
  const problem = nameProblem(type, category, past);
  if (problem === undefined) return [];
  const remedy =
    'Name the business fact in the past tense (OrderPlaced, CopyLent, PriceChanged), not what happens to a row; ' +
    `if the name is a fact nevertheless, declare it in defineEvent('${type}', { isFact: { because: '...' }, ... }).`;
  return [finding(type, problem, remedy)];
};

// -------------------------------------------------------------------------------------
// Versions
// -------------------------------------------------------------------------------------

const versionFindings = (definition: AnyEventDefinition): ReadonlyArray<Finding> => {
  const { type, owner } = definition;
  const versions = versionsOf(definition);
  const findings: Finding[] = [];
  if (owner === '')
    findings.push(finding(type, 'nobody owns it', `Give it an owner in defineEvent('${type}', { owner, ... }).`));
  versions.forEach(({ schemaVersion, since, superseded }, index) => {
    const subject = `${type} version ${schemaVersion}`;
    if (schemaVersion !== index + 1)
      findings.push(
        finding(
          subject,
          `version ${index + 1} is missing in the chain`,
          `List every version from 1 on in 'earlier': history contains them all, and each has an upcast to the next.`,
        ),
      );
    const days =
      superseded === undefined ? { since } : { since, deprecated: superseded.deprecated, sunset: superseded.sunset };
    for (const [name, day] of Object.entries(days))
      if (!isCalendarDay(day))
        findings.push(finding(subject, `'${name}' is '${day}'`, `Write the day as ISO 8601, such as 2026-11-24.`));
  });
  return findings;
};

const successorFindings = (catalog: Catalog, { type, deprecatedBy }: AnyEventDefinition): ReadonlyArray<Finding> =>
  deprecatedBy === undefined || catalog.eventDefinition(deprecatedBy.type) !== undefined
    ? []
    : [
        finding(
          type,
          `it is deprecated by '${deprecatedBy.type}', which is not in the catalog`,
          'Name an event of the catalog.',
        ),
      ];

// -------------------------------------------------------------------------------------
// Meanings
// -------------------------------------------------------------------------------------

const SENTENCE = /^[A-Z].{5,}\.$/;

const wordFindings = (definition: AnyEventDefinition): ReadonlyArray<Finding> =>
  versionsOf(definition).flatMap(({ schemaVersion, meaning, codec }) => {
    const subject = `${definition.type} version ${schemaVersion}`;
    const about = SENTENCE.test(meaning)
      ? []
      : [
          finding(
            subject,
            'no sentence says which business fact it states',
            `Write one as its 'meaning', from a capital letter to a full stop.`,
          ),
        ];
    return [...about, ...fieldsOf(codec.fields, '').flatMap(([path, each]) => meaningFindings(subject, path, each))];
  });

/** What the meaning of a value has to name so that outsiders can interpret it. */
const UNITS: ReadonlyArray<readonly [codec: t.Mixed, pattern: RegExp, what: string]> = [
  [Amount, /minor units/, 'its unit (minor units of which currency)'],
  [Currency, /ISO 4217/, 'its standard (ISO 4217)'],
  [Instant, /UTC/, 'its zone (UTC)'],
];

const meaningFindings = (subject: string, path: string, { codec, meaning }: AnyField): ReadonlyArray<Finding> => {
  if (!SENTENCE.test(meaning))
    return [
      finding(subject, `no sentence says what ${path} means`, `Write one: field(codec, 'What it is, in which unit.').`),
    ];
  const unit = UNITS.find(([of, pattern]) => of === codec && !pattern.test(meaning));
  return unit === undefined ? [] : [finding(subject, `the meaning of ${path} does not name ${unit[2]}`, 'Name it.')];
};

/** Every field of a record and of the records inside it, under its path. */
const fieldsOf = (fields: Fields, path: string): ReadonlyArray<readonly [path: string, field: AnyField]> =>
  Object.entries(fields).flatMap(([name, each]) => {
    const at = `${path}/${name}`;
    // The casts restore type arguments that `instanceof` erases; nothing depends on which they are.
    const isList = each.codec instanceof t.ReadonlyArrayType || each.codec instanceof t.ArrayType;
    const inner = isList ? (each.codec as t.ReadonlyArrayType<t.Mixed>).type : each.codec;
    const below =
      inner instanceof RecordType ? fieldsOf((inner as RecordType<Fields>).fields, isList ? `${at}/*` : at) : [];
    return [[at, each] as const, ...below];
  });

const topicFindings = ({ name, key }: Topic): ReadonlyArray<Finding> =>
  (['is', 'because', 'concurrency', 'skew'] as const)
    // Plain JavaScript may leave one out.
    .filter((question) => ((key as Partial<PartitionKey>)[question] ?? '').trim() === '')
    .map((question) =>
      finding(
        `topic ${name}`,
        `its key leaves '${question}' open`,
        'Answer all four: what the key is, which events must stay in order, how many consumers can share the topic, and which keys have far more events.',
      ),
    );
