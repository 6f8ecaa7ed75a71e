/** Codecs broken on purpose. */
import { constrained, type ConstrainedType } from '../../../domain/kernel/codec';

export { Amount } from '../../../domain/kernel/values';

/** Instalments up to `most`; `said` is the maximum in the schema. */
export const constrainedInstalments = (most: number, said: number = most): ConstrainedType<number> =>
  constrained(
    `number of instalments (integer, 1 to ${most})`,
    (value): value is number => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most,
    { type: 'integer', minimum: 1, maximum: said },
  );
