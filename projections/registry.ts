/** Every projection of this program. A new one is added here. */
import { customerOrders } from './customer-orders';
import { orderSummary } from './order-summary';
import { projectionsOf, type Projection } from './projection';
import { salesByDay } from './sales-by-day';
import { stockLevel } from './stock-level';

/** Every projection, in the order in which they are listed. */
export const projections: ReadonlyArray<Projection> = projectionsOf([
  orderSummary,
  stockLevel,
  customerOrders,
  salesByDay,
]);
