/** Under which names consumers keep their checkpoints beside those of the groups. */

/** The consumer whose checkpoints say what a rebuild has read. */
export const rebuildConsumer = (id: number): string => `rebuild-${id}`;

/** The consumer whose checkpoints say what the former build of a projection holds. */
export const formerConsumer = (projection: string): string => `former-${projection}`;
