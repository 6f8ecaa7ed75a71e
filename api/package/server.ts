/** The package's entry `tidemark/server`: runs an application inside a program of somebody's own. */
export { startProgram } from './start-program';
export type { RunningProgram, StartOptions } from './start-program';
export { ConfigurationError, readConfiguration } from '../../infra/configuration';
export type { Configuration } from '../../infra/configuration';
export { silentLogger } from '../../infra/logger';
export type { Logger } from '../../infra/logger';
export type { Application } from '../../projections/application';
export type { Role } from '../program/roles';
export { jsonLogger } from '../cli/loggers';
