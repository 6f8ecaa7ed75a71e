/** What was typed can't be meant; the message says what can. */
export class InvalidArguments extends Error {
  override readonly name = 'InvalidArguments';
}
