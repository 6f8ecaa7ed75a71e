/** The rule `tidemark/pure`: time, chance, input and output, and changes of what a function was given. */
import { impureGlobal, impureMember, impureModule } from './impure-names';
import { isFromParameter, isOutside } from './origins';
import {
  child,
  children,
  memberName,
  plain,
  textOf,
  variableOf,
  type Node,
  type Rule,
  type RuleContext,
} from './syntax';

const RETURN_NEW = 'return a new value instead, such as { ...state, status }';

/** Methods that change the list that they are called on. */
const CHANGING_METHODS = new Set([
  'push',
  'pop',
  'shift',
  'unshift',
  'splice',
  'sort',
  'reverse',
  'fill',
  'copyWithin',
]);
/** Functions that change their first argument. */
const CHANGING_FUNCTIONS = new Set([
  'Object.assign',
  'Object.defineProperty',
  'Object.defineProperties',
  'Object.setPrototypeOf',
  'Reflect.set',
  'Reflect.deleteProperty',
]);

export const pure: Rule = {
  meta: {
    type: 'problem',
    docs: { description: 'keeps deciders, projections and process managers free of time, chance, I/O and mutation' },
    schema: [],
  },
  create: (context) => ({
    ...impureNames(context),
    ...impureImports(context),
    ...changes(context),
  }),
};

type Visitors = ReturnType<Rule['create']>;

// -------------------------------------------------------------------------------------
// Time, chance, input and output
// -------------------------------------------------------------------------------------

const impureNames = ({ sourceCode, report }: RuleContext): Visitors => {
  const isGlobal = (node: Node | undefined): boolean =>
    node?.type === 'Identifier' && variableOf(sourceCode.getScope(node), textOf(node, 'name')) === undefined;
  /** The global that is meant: `Date`, and also `globalThis.Date`. */
  const globalName = (node: Node | undefined): string => {
    const inner = plain(node);
    if (isGlobal(inner)) return textOf(inner, 'name');
    const isMember = inner?.type === 'MemberExpression' && isGlobal(plain(child(inner, 'object')));
    return isMember && ['globalThis', 'global', 'window'].includes(textOf(plain(child(inner, 'object')), 'name'))
      ? memberName(inner)
      : '';
  };
  return {
    MemberExpression: (node) => {
      const owner = globalName(child(node, 'object'));
      const message = owner === '' ? undefined : impureMember(owner, memberName(node));
      if (message !== undefined) report({ node, message });
    },
    NewExpression: (node) => {
      if (globalName(child(node, 'callee')) === 'Date' && children(node, 'arguments').length === 0)
        report({ node, message: impureMember('Date', 'now') ?? '' });
      else reportGlobal(globalName(child(node, 'callee')), node);
    },
    CallExpression: (node) => {
      const name = globalName(child(node, 'callee'));
      if (name === 'Date') report({ node, message: impureMember('Date', 'now') ?? '' });
      else reportGlobal(name, node);
    },
  };
  function reportGlobal(name: string, node: Node): void {
    const message = name === '' ? undefined : impureGlobal(name);
    if (message !== undefined) report({ node, message });
  }
};

const impureImports = ({ sourceCode, report }: RuleContext): Visitors => {
  const check = (node: Node, source: Node | undefined): void => {
    const message = impureModule(textOf(source, 'value'));
    if (message !== undefined) report({ node, message });
  };
  return {
    ImportDeclaration: (node) => {
      if (node['importKind'] !== 'type') check(node, child(node, 'source'));
    },
    ExportNamedDeclaration: (node) => {
      if (node['exportKind'] !== 'type') check(node, child(node, 'source'));
    },
    ImportExpression: (node) => check(node, child(node, 'source')),
    'CallExpression[callee.name="require"]': (node: Node) => {
      if (variableOf(sourceCode.getScope(node), 'require') === undefined) check(node, children(node, 'arguments')[0]);
    },
  };
};

// -------------------------------------------------------------------------------------
// Changes
// -------------------------------------------------------------------------------------

const changes = ({ sourceCode, report }: RuleContext): Visitors => {
  const changed = (node: Node, target: Node | undefined): void => {
    const inner = plain(target);
    if (inner === undefined) return;
    const scope = sourceCode.getScope(node);
    if (inner.type === 'MemberExpression' && isFromParameter(scope, child(inner, 'object')))
      report({ node, message: `This changes a value that the function was given: ${RETURN_NEW}.` });
    if (inner.type === 'Identifier' && isOutside(scope, textOf(inner, 'name')))
      report({
        node,
        message: `This remembers something outside of the function, so that a replay has another result: keep it in the state.`,
      });
  };
  const givenTo = (node: Node, target: Node | undefined): void => {
    if (isFromParameter(sourceCode.getScope(node), target))
      report({ node, message: `This changes a value that the function was given: ${RETURN_NEW}.` });
  };
  return {
    AssignmentExpression: (node) => changed(node, child(node, 'left')),
    UpdateExpression: (node) => changed(node, child(node, 'argument')),
    UnaryExpression: (node) => {
      if (textOf(node, 'operator') === 'delete') changed(node, child(node, 'argument'));
    },
    'CallExpression[callee.type="MemberExpression"], CallExpression[callee.type="ChainExpression"]': (node: Node) => {
      const callee = plain(child(node, 'callee'));
      if (callee === undefined) return;
      const owner = textOf(plain(child(callee, 'object')), 'name');
      if (CHANGING_FUNCTIONS.has(`${owner}.${memberName(callee)}`)) givenTo(node, children(node, 'arguments')[0]);
      else if (CHANGING_METHODS.has(memberName(callee))) givenTo(node, child(callee, 'object'));
    },
  };
};
