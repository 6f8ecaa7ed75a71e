import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { acknowledgements } from '../../../infra/relay/acknowledgements';
import { spec } from '../../spec';

spec('acknowledgements', ({ test }) => {
  test('move the cursor only behind what is acknowledged without a gap, in whatever order the reports come', () => {
    const window = 16;
    fc.assert(
      fc.property(
        fc.nat({ max: 1_000 }),
        fc.array(fc.record({ send: fc.boolean(), pick: fc.nat({ max: 1_000 }) }), { maxLength: 300 }),
        (start, steps) => {
          const acks = acknowledgements(start, window);
          let last = start;
          const open = new Set<number>();
          for (const { send, pick } of steps) {
            if (send && acks.hasRoom()) {
              last += 1;
              acks.sent(last);
              open.add(last);
            } else if (open.size > 0) {
              const position = [...open][pick % open.size] ?? 0;
              open.delete(position);
              acks.acknowledged(position);
            }
            const expected = open.size === 0 ? last : Math.min(...open) - 1;
            assert.is(acks.cursor(), expected);
            assert.is(acks.outstanding(), last - expected);
            assert.is(acks.hasRoom(), last - expected < window);
          }
        },
      ),
      { seed: 4, numRuns: 200 },
    );
  });

  test('ignore a report that comes twice, or for a position that was never sent', () => {
    const acks = acknowledgements(10, 4);
    acks.sent(11);
    acks.acknowledged(11);
    acks.acknowledged(11);
    acks.acknowledged(3);
    acks.acknowledged(14);
    assert.is(acks.cursor(), 11);
    acks.sent(12);
    assert.is(acks.cursor(), 11);
  });

  test('refuse a gap between positions', () => {
    assert.throws(() => acknowledgements(10, 4).sent(12), /positions have no gaps/);
  });
});
