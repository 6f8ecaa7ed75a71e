/** The architecture as rules: imports point one way, and each library has one room. */
module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-imports-only-domain',
      severity: 'error',
      from: { path: '^domain/' },
      to: { path: '^(infra|projections|api|test)/' },
    },
    {
      name: 'domain-is-pure',
      comment: 'The domain knows fp-ts and io-ts and nothing else: no Node, no database, no clock.',
      severity: 'error',
      from: { path: '^domain/' },
      to: { pathNot: ['^domain/', 'node_modules/(fp-ts|io-ts)/'] },
    },
    {
      name: 'kernel-knows-no-aggregate',
      severity: 'error',
      from: { path: '^domain/kernel/' },
      to: { path: '^domain/', pathNot: '^domain/kernel/' },
    },
    {
      name: 'aggregates-do-not-import-each-other',
      severity: 'error',
      from: { path: '^domain/(order|stock|payment)/' },
      to: { path: '^domain/(order|stock|payment|fulfilment)/', pathNot: '^domain/$1/' },
    },
    {
      name: 'infra-looks-down',
      severity: 'error',
      from: { path: '^infra/' },
      to: { path: '^(projections|api|test)/' },
    },
    { name: 'projections-look-down', severity: 'error', from: { path: '^projections/' }, to: { path: '^(api|test)/' } },
    { name: 'api-looks-down', severity: 'error', from: { path: '^api/' }, to: { path: '^test/' } },
    {
      name: 'sqlite-has-one-room',
      severity: 'error',
      from: { path: '^(domain|infra|projections|api|test)/', pathNot: '^infra/sqlite/' },
      to: { path: 'node_modules/(better-sqlite3|@types/better-sqlite3)/' },
    },
    {
      name: 'kafka-has-one-room',
      severity: 'error',
      from: { path: '^(domain|infra|projections|api)/', pathNot: '^infra/kafka/' },
      to: { path: 'node_modules/@confluentinc/kafka-javascript/' },
    },
    {
      name: 'fastify-has-one-room',
      severity: 'error',
      from: { path: '^(domain|infra|projections)/' },
      to: { path: 'node_modules/@?fastify/' },
    },
    {
      name: 'projections-are-pure',
      comment:
        'A projection is data and a pure function; what runs it lives in projections/engine. The view reader is the port ' +
        'of that engine, and speaks of consumer groups too.',
      severity: 'error',
      from: { path: '^projections/[^/]+\\.ts$', pathNot: '^projections/view-reader\\.ts$' },
      to: { path: '^(infra|projections/engine)/' },
    },
    {
      name: 'no-production-code-in-development-dependencies',
      severity: 'error',
      from: { path: '^(domain|infra|projections|api)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
