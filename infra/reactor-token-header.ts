/** The header in which the reactors show their installation's token; see infra/sqlite/reactor-token.ts. */
export const REACTOR_TOKEN_HEADER = 'tidemark-reactor-token';

/** The member `cause` of the API's answer to a token of another installation: no key and no command is to blame. */
export const REACTOR_TOKEN_REFUSED = 'reactor-token';
