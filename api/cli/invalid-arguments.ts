/** The arguments make no sense; the message says what would. */
export class InvalidArguments extends Error {
  override readonly name = 'InvalidArguments';
}
