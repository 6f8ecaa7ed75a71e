/** Random values of a codec. */
import type { AnyRecord } from '../../domain/kernel/codec';
import { jsonSchemaOf } from '../../domain/kernel/json-schema';
import { valueMaker } from '../../infra/commands/fold-samples';
import { choicesFrom, type Choices } from './choices';

interface Maker {
  readonly make: () => unknown;
  choices: Choices;
}

/** To analyse a codec takes a hundred times as long as to make a value of it. */
const makers = new WeakMap<AnyRecord, Maker>();

const makerOf = (codec: AnyRecord): Maker => {
  const known = makers.get(codec);
  if (known !== undefined) return known;
  const schema = jsonSchemaOf(codec, { additionalProperties: false });
  const maker: Maker = { make: valueMaker(schema, (bound) => maker.choices.below(bound)), choices: choicesFrom([]) };
  makers.set(codec, maker);
  return maker;
};

/** A value that the codec's schema accepts. The codec itself may say no, where one field depends on another. */
export const randomValue = (codec: AnyRecord, choices: Choices): unknown => {
  const maker = makerOf(codec);
  maker.choices = choices;
  return maker.make();
};
