/** The architecture as rules: imports point one way, each room is entered by its door, and each library has its rooms. */
const { rooms, roomsWithDoors, sqlRooms, behindPorts, libraries } = require('./.dependency-rooms.cjs');

const SOURCES = '^(domain|infra|projections|api|test)/';
const filesOf = (room) => `^${room}/[^/]+$`;

/** One rule per row: a room imports itself and what its row names. */
const roomRules = Object.entries(rooms).map(([room, mayImport]) => ({
  name: `room ${room}`,
  severity: 'error',
  from: { path: filesOf(room) },
  to: { path: SOURCES, pathNot: [room, ...mayImport].map(filesOf) },
}));

/** One rule per room: of two rooms one imports the other, whatever the table says of both. */
const directionRules = Object.keys(rooms)
  .map((room) => ({
    room,
    importers: Object.keys(rooms).filter((other) => other !== room && rooms[other].includes(room)),
  }))
  .filter(({ importers }) => importers.length > 0)
  .map(({ room, importers }) => ({
    name: `one direction of ${room}`,
    comment: 'These rooms may import this one: no two rooms import each other.',
    severity: 'error',
    from: { path: filesOf(room) },
    to: { path: importers.map(filesOf) },
  }));

/** A folder without a row would be held by nothing. */
const unknownRoom = {
  name: 'every-folder-is-a-room',
  comment: 'Add the folder to .dependency-rooms.cjs, with the rooms that it may import.',
  severity: 'error',
  from: { path: '^(domain|infra|projections|api)/', pathNot: Object.keys(rooms).map(filesOf) },
  to: {},
};

/** Whoever stands outside of a room with a door imports the file that bears the room's name, and nothing past it. */
const doorRules = Object.keys(rooms)
  .filter((room) => roomsWithDoors.some((house) => room.startsWith(`${house}/`)))
  .map((room) => ({
    name: `door of ${room}`,
    severity: 'error',
    from: { path: '^(domain|infra|projections|api)/', pathNot: filesOf(room) },
    to: { path: filesOf(room), pathNot: `^${room}/${room.split('/').at(-1)}\\.ts$` },
  }));

/** What implements a port is opened by few, and called by nobody else. */
const portRules = Object.entries(behindPorts).map(([file, openers]) => ({
  name: `behind a port ${file}`,
  severity: 'error',
  from: {
    path: '^(domain|infra|projections|api)/',
    pathNot: openers.map((opener) => `^${opener}${opener.endsWith('/') ? '' : '$'}`),
  },
  to: { path: `^${file}$` },
}));

const libraryRules = Object.entries(libraries).map(([library, folders]) => ({
  name: `library ${library}`,
  severity: 'error',
  from: { path: SOURCES, pathNot: folders.map((folder) => `^${folder}/`) },
  to: { path: `node_modules/(@types/)?${library}/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'shipped-domain-is-an-example',
      comment: 'Removing it is deleting its folders: the engine, its API and its tools know applications in general.',
      severity: 'error',
      from: {
        path: '^(domain|infra|projections|api)/',
        // The demonstration shows the shipped domain, and goes with it.
        pathNot: '^(domain/(order|stock|payment|fulfilment)|projections/fulfilment|api/demo)/',
      },
      to: { path: '^(domain/(order|stock|payment|fulfilment)|projections/fulfilment)/' },
    },
    {
      name: 'domain-is-pure',
      comment: 'The domain knows fp-ts, io-ts and immutable and nothing else: no Node, no database, no clock.',
      severity: 'error',
      from: { path: '^domain/' },
      to: { pathNot: ['^domain/', 'node_modules/(fp-ts|immutable|io-ts)/'] },
    },
    {
      name: 'projections-are-pure',
      comment:
        'A projection is data and a pure function; what runs it lives in projections/engine. The view reader is the port ' +
        'of that engine, and speaks of consumer groups too.',
      severity: 'error',
      from: { path: '^projections/(fulfilment/)?[^/]+\\.ts$', pathNot: '^projections/view-reader\\.ts$' },
      to: { path: '^(infra|projections/engine)/' },
    },
    {
      name: 'no-production-code-in-development-dependencies',
      severity: 'error',
      comment: 'The pages of the console are bundled by the build: nobody installs what they are made of.',
      from: { path: '^(domain|infra|projections|api)/', pathNot: '^api/console/pages/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sql-stands-in-the-rooms-of-a-store',
      comment: 'Everybody else asks through an interface of its own room, so that another store can stand behind it.',
      severity: 'error',
      from: { path: '^(domain|infra|projections|api)/', pathNot: sqlRooms.map(filesOf) },
      to: { path: '^infra/sqlite/(database|sqlite-fault)\\.ts$' },
    },
    ...roomRules,
    ...directionRules,
    unknownRoom,
    ...doorRules,
    ...portRules,
    ...libraryRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Files of the program that `tidemark new` makes: they import the package.
    exclude: { path: '^api/scaffold/template/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.json'] },
  },
};
