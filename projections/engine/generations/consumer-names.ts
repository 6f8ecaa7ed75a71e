/** The names of consumers that have checkpoints besides the groups. */

/** The consumer whose checkpoints say what a rebuild has applied. */
export const rebuildConsumer = (id: number): string => `rebuild-${id}`;

/** The consumer whose checkpoints say what the previous generation of a projection contains. */
export const previousConsumer = (projection: string): string => `former-${projection}`;
