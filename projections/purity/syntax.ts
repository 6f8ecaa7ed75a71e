/** The part of ESLint's interface that the rule uses: so the package depends on no version of ESLint. */

/** A node of the syntax tree, as ESTree describes it. */
export interface Node {
  readonly type: string;
  readonly parent?: Node;
  readonly [property: string]: unknown;
}

export interface Definition {
  readonly type: string;
  readonly node: Node;
}

export interface Variable {
  readonly defs: ReadonlyArray<Definition>;
  readonly scope: Scope;
}

export interface Scope {
  readonly type: string;
  readonly set: ReadonlyMap<string, Variable>;
  readonly upper: Scope | null;
  readonly variableScope: Scope;
}

export interface RuleContext {
  readonly sourceCode: { readonly getScope: (node: Node) => Scope };
  readonly report: (problem: { readonly node: Node; readonly message: string }) => void;
}

/** A rule as ESLint calls it. */
export interface Rule {
  readonly meta: {
    readonly type: 'problem';
    readonly docs: { readonly description: string };
    readonly schema: [];
  };
  create(context: RuleContext): Record<string, (node: Node) => void>;
}

/** The node under a property; undefined where there is none. */
export const child = (node: Node | undefined, property: string): Node | undefined => {
  const value = node?.[property];
  return isNode(value) ? value : undefined;
};

/** The nodes under a property. */
export const children = (node: Node, property: string): ReadonlyArray<Node> => {
  const value = node[property];
  return Array.isArray(value) ? value.filter(isNode) : [];
};

/** The text under a property: a name, an operator, or the value of a literal. */
export const textOf = (node: Node | undefined, property: string): string => {
  const value = node?.[property];
  return typeof value === 'string' ? value : '';
};

/** The name of a member: of `a.name` and of `a['name']`. */
export const memberName = (member: Node): string => {
  const property = child(member, 'property');
  return member['computed'] === true ? textOf(property, 'value') : textOf(property, 'name');
};

/** A node without what only TypeScript adds to it: `(state as Mutable)!` is `state`. */
export const plain = (node: Node | undefined): Node | undefined => {
  const wrappers = [
    'TSAsExpression',
    'TSNonNullExpression',
    'TSTypeAssertion',
    'TSSatisfiesExpression',
    'ChainExpression',
  ];
  let inner = node;
  while (inner !== undefined && wrappers.includes(inner.type)) inner = child(inner, 'expression');
  return inner;
};

/** The variable of a name; undefined for a global one that the file does not declare. */
export const variableOf = (scope: Scope, name: string): Variable | undefined => {
  for (let each: Scope | null = scope; each !== null; each = each.upper) {
    const found = each.set.get(name);
    if (found !== undefined) return found.defs.length === 0 ? undefined : found;
  }
  return undefined;
};

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
