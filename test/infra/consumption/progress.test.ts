/** What a group tells of how far it is. */
import * as assert from 'uvu/assert';
import { groupProgress } from '../../../infra/consumption/loop/progress';
import { spec } from '../../spec';
import { ownClock } from '../../support/test-clock';

spec('the progress of a group', ({ test }) => {
  test('says no lag where the group is halted: the end of the log that it saw last says nothing of now', () => {
    const progress = groupProgress('tally', ownClock);
    progress.restore([{ topic: 'stock', partition: 0, logId: 'l', nextOffset: 5, highWaterPosition: 5 }]);
    const at = progress.partition({ topic: 'stock', partition: 0 });
    if (at === undefined) throw new Error('it was restored');
    at.logEndOffset = 5;
    progress.setState('running', null);
    assert.is(progress.status().lag, 0);
    progress.setState('halted', 'for a reason');
    assert.equal([progress.status().lag, progress.status().partitions[0]?.lag], [null, null]);
    progress.setState('running', null);
    assert.is(progress.status().lag, 0);
  });
});
