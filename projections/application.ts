/** An application: one value that holds everything a program runs, passed to every role, command and test. */
import { catalogOf, type Aggregate, type Catalog } from '../domain/kernel/aggregate';
import { assertName, InvalidDeclaration, PROJECTION } from '../domain/kernel/declarations';
import type { AnyEventDefinition } from '../domain/kernel/event-definition';
import { effectsOf, type Effect } from '../domain/kernel/effect';
import { processManagersOf, type AnyProcessManager } from '../domain/kernel/process-manager';
import { defaultSettings, type SettingDeclarations, type SettingValues } from '../domain/kernel/setting';
import { projectionsOf, type Projection } from './projection';

/** An application as its author declares it. */
export interface ApplicationDefinition<S extends SettingDeclarations> {
  /** In lower case, with hyphens: `library`. */
  readonly name: string;
  readonly aggregates: ReadonlyArray<Aggregate>;
  /** A list, or a function of the application's settings that returns one. */
  readonly processManagers?:
    ReadonlyArray<AnyProcessManager> | ((settings: SettingValues<S>) => ReadonlyArray<AnyProcessManager>);
  readonly projections?: ReadonlyArray<Projection>;
  /** A list, or a function of the application's settings that returns one. */
  readonly effects?: ReadonlyArray<Effect> | ((settings: SettingValues<S>) => ReadonlyArray<Effect>);
  /** What each installation may set, by the name that the code uses. */
  readonly settings?: S;
  /**
   * The file that exports the application as its default: `import.meta.url`, or `__filename` in CommonJS. Only
   * `startProgram` of `tidemark/server` needs it.
   */
  readonly file?: string;
  /** The folder of the contracts' lock and fixtures, an absolute path; absent for `contracts` next to the application's file. */
  readonly contractsFolder?: string;
}

/** A validated application. */
export interface Application {
  readonly name: string;
  readonly catalog: Catalog;
  readonly projections: ReadonlyArray<Projection>;
  readonly settings: SettingDeclarations;
  /** The process managers with the values of the settings, as `readSettings` returns them. */
  readonly processManagersWith: (settings: Readonly<Record<string, unknown>>) => ReadonlyArray<AnyProcessManager>;
  /** The process managers with the default settings. */
  readonly processManagers: ReadonlyArray<AnyProcessManager>;
  /** The effects with the values of the settings, as `readSettings` returns them. */
  readonly effectsWith: (settings: Readonly<Record<string, unknown>>) => ReadonlyArray<Effect>;
  /** The effects with the default settings. */
  readonly effects: ReadonlyArray<Effect>;
  readonly contractsFolder: string | undefined;
  /** The path or URL of the file that exports it, where its author said so. */
  readonly file?: string;
}

/**
 * Defines an application, the default export of its file.
 *
 * Throws InvalidDeclaration for invalid or repeated names, and for handled events that no aggregate has.
 *
 * @example
 * ```ts
 * export default defineApplication({
 *   name: 'library',
 *   aggregates: [copy, member],
 *   processManagers: [holds],
 *   projections: [memberLoans, lendingByDay],
 *   effects: [mailReminder],
 * });
 * ```
 */
export const defineApplication = <const S extends SettingDeclarations = SettingDeclarations>(
  definition: ApplicationDefinition<S>,
): Application => {
  const { name, aggregates, processManagers = [], projections = [], effects = [], contractsFolder } = definition;
  assertName({ ...PROJECTION, what: 'the name of an application' }, name, 'an application');
  const settings = definition.settings ?? ({} as S);
  const catalog = catalogOf(aggregates);
  const assertHandles = handlesOnly(catalog, name);
  const processManagersWith: Application['processManagersWith'] = (values) => {
    const managers = processManagersOf(
      // `readSettings` returns one value per declared setting.
      typeof processManagers === 'function' ? processManagers(values as SettingValues<S>) : processManagers,
    );
    for (const manager of managers) assertHandles(`the process manager ${manager.name}`, manager.handles);
    return managers;
  };
  for (const projection of projectionsOf(projections))
    assertHandles(`the projection ${projection.name}`, projection.handles);
  const effectsWith: Application['effectsWith'] = (values) => {
    const declared = effectsOf(typeof effects === 'function' ? effects(values as SettingValues<S>) : effects);
    for (const effect of declared) assertHandles(`the effect ${effect.name}`, effect.handles);
    return declared;
  };
  return {
    name,
    catalog,
    projections,
    settings,
    processManagersWith,
    processManagers: processManagersWith(defaultSettings(settings)),
    effectsWith,
    effects: effectsWith(defaultSettings(settings)),
    contractsFolder,
    ...(definition.file === undefined ? {} : { file: definition.file }),
  };
};

/** Without an aggregate that has it, a handled event would never come, and nobody would notice. */
const handlesOnly =
  ({ eventDefinition }: Catalog, application: string) =>
  (where: string, handles: ReadonlyArray<AnyEventDefinition>): void => {
    handles.forEach((definition: AnyEventDefinition | undefined, index) => {
      if (definition === undefined)
        throw new InvalidDeclaration(
          `${where}: handles[${index}] is undefined; a module that imports this one in a circle is not loaded yet`,
        );
      const { type } = definition;
      if (eventDefinition(type) !== undefined) return;
      throw new InvalidDeclaration(
        `${where} handles ${type}, which no aggregate of the application ${application} has; register its aggregate in 'aggregates' of defineApplication, or list the event in 'events' of its aggregate`,
      );
    });
  };
