/** Reasons against commands that several decisions of an order share. */
import { reject, type Decision } from '../kernel/decider';

/** After the order was cancelled or declared unavailable. */
export const rejectClosed = (id: string, { cancelledAt }: { readonly cancelledAt?: string }): Decision<never> =>
  cancelledAt === undefined
    ? reject('OrderUnavailable', `Order ${id} was declared unavailable: nothing more can happen to it.`)
    : reject('OrderAlreadyCancelled', `Order ${id} was cancelled at ${cancelledAt}: nothing more can happen to it.`);

/** A step that needs the confirmation. */
export const rejectUnconfirmed = (id: string): Decision<never> =>
  reject('OrderNotConfirmed', `Order ${id} is not confirmed: it has to be reserved, paid and confirmed first.`);

/** Calling off an order that was delivered. */
export const rejectDelivered = (id: string, deliveredAt: string): Decision<never> =>
  reject('OrderAlreadyDelivered', `Order ${id} was delivered at ${deliveredAt}: it can no longer be called off.`);

/** A business time before that of an earlier step; `step` and `earlierStep` say what happened and when. */
export const rejectTime = (type: string, id: string, step: string, earlierStep: string): Decision<never> =>
  reject(type, `Order ${id} can't have been ${step}: it was ${earlierStep}, which is later.`);
