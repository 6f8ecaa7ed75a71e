/** The past forms of English verbs, from RosaeNLG's list (made from WordNet). */
import { readFileSync } from 'node:fs';
import type { PastForms } from '../../domain/contracts/fact-names';

/** By infinitive: pairs of past tense and participle. */
type IrregularVerbs = Readonly<Record<string, ReadonlyArray<ReadonlyArray<string>>>>;

/** Forms that the list lacks, or has only in another spelling. */
const FURTHER_PAST = ['thriven', 'throve', 'shod', 'laden', 'gotten'];
const FURTHER_UNCHANGED = ['bet', 'input', 'output', 'quit'];

/** Reads the list. */
export const readPastForms = (): PastForms => {
  // The package's main file exports only types; the list is in this file.
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
