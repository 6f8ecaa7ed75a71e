/** Effects: calls to the outside that follow from events, each recorded once. */
export { circuitBreaker, rateLimit, type Breaker, type BreakerState } from './breaker';
export { noEffects, type EffectOptions } from './effect-options';
export { effectProcess, isEffectCall } from './effect-process';
export { resultOf } from './effect-result';
export { performEffect, type EffectAttemptOutcome, type PerformOptions } from './perform-effect';
