/** The application that the views' thread of the benchmark loads. */
import { application } from '../../projections/fulfilment/application';
import { poisonedProjections as projections } from './poisoned-projections';

export default { ...application, projections };
