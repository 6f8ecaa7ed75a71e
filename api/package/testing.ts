/** The package's entry `tidemark/testing`: what the tests of a domain are written with. It needs no broker and no files. */
export { systemClock } from '../../infra/clock';
export type { Clock } from '../../infra/clock';
export { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
export type { InMemoryEventStore } from '../../infra/memory/in-memory-event-store';
export * from '../../projections/testing/testing';
