/** Returns the message of whatever was thrown. */
export const errorTextOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
