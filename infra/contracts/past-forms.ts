/** The past forms of English verbs from a list that others keep (RosaeNLG's, made from WordNet). */
import { readFileSync } from 'node:fs';
import type { PastForms } from './fact-names';

/** By the verb's first form: pairs of past tense and participle. */
type IrregularVerbs = Readonly<Record<string, ReadonlyArray<ReadonlyArray<string>>>>;

/** A few that the list does not have, or has only as they are spelt elsewhere. */
const FURTHER_PAST = ['thriven', 'throve', 'shod', 'laden', 'gotten'];
const FURTHER_UNCHANGED = ['bet', 'input', 'output', 'quit'];

/** Reads the list. */
export const readPastForms = (): PastForms => {
  // The package's main file exports its types alone: the list is this file.
  const verbs = JSON.parse(
    readFileSync(require.resolve('english-verbs-irregular/dist/verbs.json'), 'utf8'),
  ) as IrregularVerbs;
  const past = new Set(FURTHER_PAST);
  const unchanged = new Set(FURTHER_UNCHANGED);
  for (const [verb, forms] of Object.entries(verbs)) {
    for (const form of forms.flat()) {
      if (form === verb) unchanged.add(form);
      else past.add(form);
    }
  }
  return { isPastForm: (word) => past.has(word) && !unchanged.has(word), isUnchanged: (word) => unchanged.has(word) };
};
