/** Operators' requests about suspended commands and deadlines. Stored formats, version with care. */
import * as t from 'io-ts';
import { readRequest, RequestRefused, type OperationKind, type OperationRequest } from '../commands/operation-requests';
import { PositiveInteger } from '../dead-letters/redrive/redrive';
import type { ReleasedInstance, SetAside } from './processes/processes';

export const commandKinds: ReadonlyArray<OperationKind> = ['command-release', 'command-discard'];

const ReleaseRequest = t.strict({ group: t.string, number: PositiveInteger });
const DiscardRequest = t.strict({ group: t.string, number: PositiveInteger, reason: t.string });

/** Carries a request out, in the caller's transaction; returns the process instance that resumes. Throws RequestRefused. */
export const carryOutCommandRequest = (
  setAside: SetAside,
  groups: ReadonlySet<string>,
  request: OperationRequest,
): ReleasedInstance => {
  const context = { actor: request.actor, requestId: request.id };
  const checkGroup = (group: string): string => {
    if (groups.has(group)) return group;
    throw new RequestRefused(`no process manager of this program is called '${group}'`);
  };
  if (request.kind === 'command-discard') {
    const { group, number, reason } = readRequest(request, DiscardRequest);
    return setAside.discard(checkGroup(group), number, reason, context);
  }
  const { group, number } = readRequest(request, ReleaseRequest);
  return setAside.release(checkGroup(group), number, context);
};
