/** Checks that snapshots still mean what was agreed: the same version, the same behaviour. */
import type { Aggregate } from '../../domain/kernel/aggregate';
import type { LockedSnapshot, LockedSnapshots } from './contract-lock';
import type { Finding } from './finding';
import { ACCEPT } from './finding-lines';
import { foldBehaviourOf } from '../commands/fold-behaviour';

/** Compares every aggregate's snapshots with the lock. */
export const snapshotFindings = (
  aggregates: ReadonlyArray<Aggregate>,
  locked: LockedSnapshots | undefined,
): ReadonlyArray<Finding> =>
  aggregates.flatMap((aggregate) => {
    const present = foldBehaviourOf(aggregate);
    if (present === undefined) return [];
    return findingOf(aggregate.category, present, locked?.[aggregate.category] ?? {});
  });

const findingOf = (
  category: string,
  { version, inputs, behaviour }: LockedSnapshot & { readonly version: number },
  versions: Readonly<Record<string, LockedSnapshot>>,
): ReadonlyArray<Finding> => {
  const subject = `${category} snapshot version ${version}`;
  const was = versions[String(version)];
  if (was === undefined)
    return [
      { subject, problem: 'the version is new and not in the lock', remedy: ACCEPT, details: [], acceptable: true },
    ];
  if (was.behaviour === behaviour) return [];
  if (was.inputs !== inputs) {
    const problem = 'its contracts changed, and so did the states folded from them';
    const remedy = `Stored snapshots are discarded and recreated. ${ACCEPT}`;
    return [{ subject, problem, remedy, details: [], acceptable: true }];
  }
  const next = Math.max(version, ...Object.keys(versions).map(Number)) + 1;
  return [
    {
      subject,
      problem: 'the same events yield another state than was agreed, or it is encoded or decoded differently',
      remedy:
        `If that is intended, make it snapshot version ${next}: an older release would decide on snapshots of this one. ` +
        "If it is not, restore what 'evolve', an upcast, the initial state, 'encode' or 'decode' did, with all that they call.",
      details: [`was: ${was.behaviour}`, `is:  ${behaviour}`],
      acceptable: false,
    },
  ];
};
