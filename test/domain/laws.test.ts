/** Laws that hold for every aggregate under any commands in any sequence. */
import * as E from 'fp-ts/Either';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { application } from '../../projections/fulfilment/application';
import type { Aggregate, Fold } from '../../domain/kernel/aggregate';
import type { DomainEvent } from '../../domain/kernel/event-definition';
import type { OrderState } from '../../domain/order/order';
import type { PaymentState } from '../../domain/payment/payment';
import type { StockState } from '../../domain/stock/stock';
import { spec } from '../spec';
import { arbitraryOf, crowdedCommands, holds, type RandomCommand } from './arbitraries';
import { decideOn } from '../../projections/testing/test-aggregate';

const { catalog } = application;

const NUMBER_OF_RUNS = 400;

interface Step {
  readonly command: RandomCommand;
  readonly events: ReadonlyArray<DomainEvent>;
  readonly after: Fold;
}

/** Runs commands one after another; the steps are those that were accepted. */
const run = (aggregate: Aggregate, commands: ReadonlyArray<RandomCommand>): ReadonlyArray<Step> => {
  const steps: Step[] = [];
  let fold = aggregate.emptyFold;
  for (const command of commands) {
    const decision = decideOn(fold, aggregate, { id: 'x1', ...command });
    if (E.isLeft(decision)) continue;
    fold = decision.right.reduce((before, event) => before.apply(event), fold);
    steps.push({ command, events: decision.right, after: fold });
  }
  return steps;
};

/** The state of one of the three aggregates, whose type the fold does not know. */
const stateOf = <State>(fold: Fold): State => fold.state as State;

const aggregateOf = (category: string): Aggregate => {
  const found = catalog.byCategory(category);
  if (found === undefined) throw new Error(`no aggregate has the category '${category}'`);
  return found;
};

for (const aggregate of catalog.aggregates) {
  const { category } = aggregate;
  const forAnyCommands = (law: (steps: ReadonlyArray<Step>) => void): void =>
    holds(
      fc.property(crowdedCommands(category), (commands) => law(run(aggregate, commands))),
      NUMBER_OF_RUNS,
    );

  spec(`${category}: laws`, ({ test }) => {
    test('a command that was just accepted changes nothing when it comes again', () =>
      forAnyCommands((steps) => {
        for (const { command, after } of steps)
          assert.equal(decideOn(after, aggregate, { id: 'x1', ...command }), E.right([]));
      }));

    test('a command that had an effect never has another one, however late it comes again', () =>
      forAnyCommands((steps) => {
        const last = steps.at(-1);
        for (const { command, events } of steps) {
          if (last === undefined || events.length === 0) continue;
          const again = decideOn(last.after, aggregate, { id: 'x1', ...command });
          assert.equal(E.isRight(again) ? again.right : [], []);
        }
      }));

    test('decided events conform to their contracts, at most one event per command', () =>
      forAnyCommands((steps) => {
        for (const { events } of steps) {
          assert.ok(events.length <= 1);
          for (const event of events) assert.ok(aggregate.events.get(event.type)?.codec.is(event.data));
        }
      }));

    test('the random commands cover every command and every event, so that these laws are meaningful', () => {
      const seen = new Set<string>();
      forAnyCommands((steps) => {
        for (const { command, events } of steps) for (const { type } of events) seen.add(command.type).add(type);
      });
      assert.equal([...seen].sort(), [...aggregate.commands.keys(), ...aggregate.events.keys()].sort());
    });

    test('folding never throws, whatever events are in the stream', () => {
      const anyEvent = fc.oneof(
        ...[...aggregate.events.values()].map(({ type, codec }) => arbitraryOf(codec).map((data) => ({ type, data }))),
      );
      holds(
        fc.property(fc.array(anyEvent, { maxLength: 20 }), (events) => {
          JSON.stringify(events.reduce((fold, event) => fold.apply(event), aggregate.emptyFold).state);
        }),
        NUMBER_OF_RUNS,
      );
    });

    test('deciding and folding never mutate a state', () =>
      forAnyCommands((steps) => {
        const texts = steps.map(({ after }) => JSON.stringify(after.state));
        for (const { command, after } of steps) {
          const decision = decideOn(after, aggregate, { id: 'x1', ...command });
          if (E.isRight(decision)) decision.right.reduce((fold, event) => fold.apply(event), after);
        }
        assert.equal(
          texts,
          steps.map(({ after }) => JSON.stringify(after.state)),
        );
      }));
  });
}

const forAnyStateOf = <State>(category: string, law: (state: State) => void): void => {
  const aggregate = aggregateOf(category);
  const property = fc.property(crowdedCommands(category), (commands) => {
    for (const { after } of run(aggregate, commands)) law(stateOf<State>(after));
  });
  holds(property, NUMBER_OF_RUNS);
};

spec('aggregates: what never happens', ({ test }) => {
  test('stock: neither on hand nor reserved nor available is ever below zero, and the reserved add up', () =>
    forAnyStateOf<StockState>('stock', ({ onHand, reserved, reservations }) => {
      assert.ok(onHand >= reserved && reserved >= 0, `on hand ${onHand}, reserved ${reserved}`);
      const open = reservations.entries().filter(([, { status }]) => status === 'reserved');
      assert.is(
        reserved,
        open.reduce((sum, [, { quantity }]) => sum + quantity, 0),
      );
    }));

  test('payment: never more goes back than was captured, and nothing is captured that was declined', () =>
    forAnyStateOf<PaymentState>('payment', ({ captured, declined, refundedAmount, refunds }) => {
      assert.ok(refundedAmount <= (captured?.amount ?? 0));
      assert.is(
        refundedAmount,
        refunds.entries().reduce((sum, [, amount]) => sum + amount, 0),
      );
      assert.ok(captured === undefined || declined === undefined);
    }));

  test('order: it ends only once, and its steps are in order of business time', () =>
    forAnyStateOf<OrderState>('order', (state) => {
      const ends = [state.deliveredAt, state.cancelledAt, state.unavailableAt].filter((end) => end !== undefined);
      assert.ok(ends.length <= 1);
      const steps = [state.placed?.placedAt, state.confirmedAt, state.handedOverAt, state.deliveredAt];
      const times = steps.filter((step) => step !== undefined).map((step) => Date.parse(step));
      assert.equal(
        times,
        times.toSorted((left, right) => left - right),
      );
      assert.ok(state.handedOverAt === undefined || state.confirmedAt !== undefined);
    }));
});
