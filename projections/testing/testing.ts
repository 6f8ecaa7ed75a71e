/**
 * The kit, `tidemark/testing`: what an application's author tests with. It needs no test framework: every function throws an
 * AssertionError that any runner shows.
 */
export { AssertionError } from './assertion';
export { type AggregateTest, type DecisionTest, testAggregate } from './test-aggregate';
export { type Given, inStream, type StreamEvents } from './history';
export {
  CommandRejected,
  inMemoryApplication,
  type InMemoryApplication,
  type InMemoryOptions,
  type Send,
} from './in-memory-application';
export { type FastCheck, type PropertyOptions } from './choices';
export { propertiesOf, type Property } from './properties';
export { EventNotApplied } from './rows';
export { type ManualClock, manualClock } from './test-clock';
export {
  type CheckedProcess,
  type ExpectedCommand,
  type ProcessTest,
  testProcessManager,
} from './test-process-manager';
export { type RowsTest, testProjection } from './test-projection';
