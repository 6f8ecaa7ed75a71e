/** The application that the views' thread of the test of large events loads. */
import { application } from '../../../projections/fulfilment/application';
import { orderSummary } from '../../../projections/fulfilment/order-summary';

export const projections = [orderSummary];

export default { ...application, projections };
