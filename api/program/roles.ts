/** The roles of the engine: each owns one SQLite file, and runs alone or together with others in a process. */
import { ConfigurationError } from '../../infra/configuration';

/** Every role, in the order in which they start. */
export const allRoles = ['api', 'relay', 'projections', 'reactors'] as const;

export type Role = (typeof allRoles)[number];

/** Parses a comma-separated list. Throws ConfigurationError. */
export const parseRoles = (list: string): ReadonlySet<Role> => {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const roles = new Set<Role>();
  for (const name of names) {
    const role = allRoles.find((each) => each === name);
    if (role === undefined)
      throw new ConfigurationError(`--roles names '${name}'; the roles are ${allRoles.join(', ')}`);
    roles.add(role);
  }
  if (roles.size === 0) throw new ConfigurationError(`--roles is empty; the roles are ${allRoles.join(', ')}`);
  return roles;
};
