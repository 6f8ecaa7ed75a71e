/** What a program is made of: one value that every role, every command and every test of it takes. */
import { catalogOf, type Aggregate, type Catalog } from '../domain/kernel/aggregate';
import { assertName, PROJECTION } from '../domain/kernel/declarations';
import { processManagersOf, type AnyProcessManager } from '../domain/kernel/process-manager';
import { defaultSettings, type SettingDeclarations, type SettingValues } from '../domain/kernel/setting';
import { projectionsOf, type Projection } from './projection';

/** An application as its author writes it down. */
export interface ApplicationDefinition<S extends SettingDeclarations> {
  /** In lower case, with hyphens: `library`. */
  readonly name: string;
  readonly aggregates: ReadonlyArray<Aggregate>;
  /** A list, or a function of the application's settings that returns one. */
  readonly processManagers?:
    ReadonlyArray<AnyProcessManager> | ((settings: SettingValues<S>) => ReadonlyArray<AnyProcessManager>);
  readonly projections?: ReadonlyArray<Projection>;
  /** What an installation may decide, by the name that the code calls it. */
  readonly settings?: S;
  /** The folder of the contracts' lock and fixtures, an absolute path; absent for `contracts` beside the application's file. */
  readonly contractsFolder?: string;
}

/** A checked application. */
export interface Application {
  readonly name: string;
  readonly catalog: Catalog;
  readonly projections: ReadonlyArray<Projection>;
  readonly settings: SettingDeclarations;
  /** The process managers with the values of the settings, as `readSettings` returns them. */
  readonly processManagersWith: (settings: Readonly<Record<string, unknown>>) => ReadonlyArray<AnyProcessManager>;
  /** The same with the settings that hold where nothing is set. */
  readonly processManagers: ReadonlyArray<AnyProcessManager>;
  readonly contractsFolder: string | undefined;
}

/**
 * Defines an application, the default export of its file:
 *
 *     export default defineApplication({
 *       name: 'library',
 *       aggregates: [copy, member],
 *       processManagers: [holds],
 *       projections: [memberLoans, lendingByDay],
 *     });
 *
 * Throws InvalidDeclaration where names are wrong, or are used twice.
 */
export const defineApplication = <const S extends SettingDeclarations = SettingDeclarations>(
  definition: ApplicationDefinition<S>,
): Application => {
  const { name, aggregates, processManagers = [], projections = [], contractsFolder } = definition;
  assertName({ ...PROJECTION, what: 'the name of an application' }, name, 'an application');
  const settings = definition.settings ?? ({} as S);
  const processManagersWith: Application['processManagersWith'] = (values) =>
    processManagersOf(
      // `readSettings` has made one value per declared setting.
      typeof processManagers === 'function' ? processManagers(values as SettingValues<S>) : processManagers,
    );
  return {
    name,
    catalog: catalogOf(aggregates),
    projections: projectionsOf(projections),
    settings,
    processManagersWith,
    processManagers: processManagersWith(defaultSettings(settings)),
    contractsFolder,
  };
};
