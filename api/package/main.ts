/** The package's main entry, `tidemark`: everything that a domain is declared with. Pure: it loads no store, broker or server. */
export { aggregate as defineAggregate } from '../../domain/kernel/aggregate';
export type { Aggregate, AggregateDefinition, SnapshotCodec } from '../../domain/kernel/aggregate';
export { constrained, field, list, optionalField, orNull, record } from '../../domain/kernel/codec';
export type {
  AnyField,
  ConstrainedType,
  Field,
  Fields,
  JsonSchema,
  ListType,
  RecordOf,
  RecordType,
} from '../../domain/kernel/codec';
export { defineCommand } from '../../domain/kernel/command-definition';
export type {
  AnyCommandDefinition,
  Command,
  CommandDefinition,
  CommandOf,
} from '../../domain/kernel/command-definition';
export { accept, nothingToChange, reject } from '../../domain/kernel/decider';
export type { Decider, Decision, Rejection } from '../../domain/kernel/decider';
export { InvalidDeclaration } from '../../domain/kernel/declarations';
export { declined, defineEffect, done, EffectUnavailable, tryAgainAt } from '../../domain/kernel/effect';
export type {
  Effect,
  EffectCall,
  EffectCommand,
  EffectDefinition,
  EffectOutcome,
  EffectPolicy,
  FinalEffectOutcome,
  StartFrom,
} from '../../domain/kernel/effect';
export { defineEvent, earlierVersion } from '../../domain/kernel/event-definition';
export type {
  AnyEventDefinition,
  DomainEvent,
  EarlierContract,
  EarlierVersion,
  EventContract,
  EventDefinition,
  EventOf,
  FactReason,
} from '../../domain/kernel/event-definition';
export { PersistentMap } from '../../domain/kernel/persistent-map';
export { defineProcessManager } from '../../domain/kernel/process-manager';
export type {
  AnyProcessManager,
  CommandOutcome,
  ProcessCommand,
  ProcessDeadline,
  ProcessInput,
  ProcessManager,
  ProcessStep,
} from '../../domain/kernel/process-manager';
export type { EventEnvelope, RecordedEvent } from '../../domain/kernel/recorded-event';
export { defineSetting } from '../../domain/kernel/setting';
export type { AnySetting, Setting, SettingDeclarations, SettingValues } from '../../domain/kernel/setting';
export type { PartitionKey, Topic } from '../../domain/kernel/topic';
export {
  Amount,
  Currency,
  Identifier,
  Instant,
  Integer,
  isBefore,
  latestOf,
  listOf,
  MAX_LIST_ITEMS,
  MAX_QUANTITY,
  oneOf,
  Quantity,
  Text,
  wordOf,
} from '../../domain/kernel/values';
export { defineApplication } from '../../projections/application';
export type { Application, ApplicationDefinition } from '../../projections/application';
// The engine asks a codec for its class, so own codecs have to come from the engine's copy of io-ts.
export * as t from 'io-ts';
