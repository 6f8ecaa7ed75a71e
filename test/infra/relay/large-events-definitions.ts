/** What the views' thread of the test of large events projects. */
import { orderSummary } from '../../../projections/order-summary';

export { catalog } from '../../../domain/catalog';
export const projections = [orderSummary];
