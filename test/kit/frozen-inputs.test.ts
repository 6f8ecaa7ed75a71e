/** Frozen inputs: what is frozen, and that an application in which nothing is wrong behaves as without them. */
import * as assert from 'uvu/assert';
import { deepFreeze, withFrozenState } from '../../domain/kernel/frozen-inputs';
import { application as shop } from '../../projections/fulfilment/application';
import { withFrozenInputs } from '../../projections/frozen-application';
import { loanAggregate, BookLent } from '../examples/library/loan';
import { spec } from '../spec';

spec('frozen inputs', ({ test }) => {
  test('are frozen to their last part, also behind a part that was frozen before', () => {
    const value = deepFreeze({ list: Object.freeze([{ open: 1 }]), none: null, text: 'a' });
    assert.throws(() => Object.assign(value.list[0] ?? {}, { open: 2 }), /read only/);
    assert.throws(() => (value.list as { open: number }[]).push({ open: 3 }), /not extensible/);
  });

  test('leave objects of libraries as they are, which may change inside', () => {
    const map = new Map([['a', 1]]);
    deepFreeze({ map });
    assert.is(map.set('b', 2).size, 2);
  });

  test('fold and decide as without them, and come back from snapshots frozen', () => {
    const frozen = withFrozenState(loanAggregate);
    const lent = BookLent.of({ loanId: 'l1', memberId: 'm1', lentAt: '2026-01-05T08:00:00Z', desk: 'counter' });
    assert.equal(frozen.emptyFold.apply(lent).state, loanAggregate.emptyFold.apply(lent).state);
    const { stock } = Object.fromEntries(shop.catalog.aggregates.map((each) => [each.category, withFrozenState(each)]));
    const { snapshot, emptyFold } = stock ?? {};
    assert.ok(snapshot !== undefined && emptyFold !== undefined);
    const again = snapshot.decode(JSON.parse(JSON.stringify(snapshot.encode(emptyFold))));
    assert.ok(Object.isFrozen(again.state));
  });

  test('change nothing of what an application declares', () => {
    const frozen = withFrozenInputs(shop);
    const names = ({ catalog, projections, processManagers, effects, settings }: typeof shop): unknown => [
      catalog.aggregates.map(({ category, topic, events, commands }) => [category, topic, [...events], [...commands]]),
      projections.map(({ name, version, view, handles }) => [name, version, view, handles]),
      processManagers.map(({ name, version }) => [name, version]),
      effects.map(({ name }) => name),
      settings,
    ];
    assert.equal(names(frozen), names(shop));
  });
});
