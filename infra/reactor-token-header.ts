/** The header in which the reactors show their installation's token; see infra/sqlite/reactor-token.ts. */
export const REACTOR_TOKEN_HEADER = 'tidemark-reactor-token';
