/** Where a value comes from: whether a function was given it, or shares it with others. */
import { child, memberName, plain, textOf, variableOf, type Node, type Scope } from './syntax';

/** Enough for any code that people write; a circle of declarations ends there. */
const MAX_STEPS = 20;

/**
 * Whether an expression is a parameter, or a part of one: `state`, `state.list`, `list` after `const { list } = state`. A copy is
 * none, as it comes from a call or a literal.
 */
export const isFromParameter = (scope: Scope, expression: Node | undefined, steps = 0): boolean => {
  const inner = plain(expression);
  if (inner === undefined || steps > MAX_STEPS) return false;
  if (inner.type === 'MemberExpression') {
    // What the prototype or the length of something is belongs to nobody's state.
    return memberName(inner) !== 'prototype' && isFromParameter(scope, child(inner, 'object'), steps + 1);
  }
  return inner.type === 'Identifier' && isVariableFromParameter(scope, textOf(inner, 'name'), steps + 1);
};

const isVariableFromParameter = (from: Scope, name: string, steps: number): boolean => {
  const variable = variableOf(from, name);
  const definition = variable?.defs[0];
  if (variable === undefined || definition === undefined) return false;
  if (definition.type === 'Parameter') return true;
  if (definition.type !== 'Variable') return false;
  const loop = definition.node.parent?.parent;
  const source = loop?.type === 'ForOfStatement' ? child(loop, 'right') : child(definition.node, 'init');
  return isFromParameter(variable.scope, source, steps);
};

/** Whether a variable belongs to the module while the code that changes it is in a function. */
export const isOutside = (scope: Scope, name: string): boolean => {
  const variable = variableOf(scope, name);
  if (variable === undefined) return false;
  const isOfModule = ['module', 'global'].includes(variable.scope.type);
  return isOfModule && !['module', 'global'].includes(scope.variableScope.type);
};
