import * as E from 'fp-ts/Either';
import { aggregate } from '../../domain/kernel/aggregate';
import { field } from '../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../domain/kernel/command-definition';
import { defineEvent, type EventOf } from '../../domain/kernel/event-definition';
import { Amount, Currency, Identifier, Instant } from '../../domain/kernel/values';

// What happens: facts, in the past tense, each field with its meaning.
export const VoucherIssued = defineEvent('VoucherIssued', {
  schemaVersion: 1,
  meaning: 'A voucher was handed to a customer.',
  fields: {
    customerId: field(Identifier, 'who may spend it'),
    amount: field(Amount, 'what it is worth, in minor units of the currency'),
    currency: field(Currency, 'the currency of the amount, ISO 4217'),
    issuedAt: field(Instant, 'when it was handed out, UTC'),
  },
});
export const VoucherRedeemed = defineEvent('VoucherRedeemed', {
  schemaVersion: 1,
  meaning: 'A voucher was spent.',
  fields: { redeemedAt: field(Instant, 'when it was spent, UTC') },
});

// What people may ask for: POST /vouchers/{id}/issue and POST /vouchers/{id}/redeem.
const issue = defineCommand('issue', {
  meaning: 'Hands a voucher to a customer.',
  fields: VoucherIssued.codec.fields,
  example: { customerId: 'c1', amount: 500, currency: 'EUR', issuedAt: '2026-01-01T12:00:00Z' },
});
const redeem = defineCommand('redeem', {
  meaning: 'Spends the voucher.',
  fields: VoucherRedeemed.codec.fields,
  example: { redeemedAt: '2026-01-02T12:00:00Z' },
});

type Command = CommandOf<typeof issue> | CommandOf<typeof redeem>;
type Event = EventOf<typeof VoucherIssued> | EventOf<typeof VoucherRedeemed>;
type State = 'unknown' | 'issued' | 'redeemed';

const decide = (command: Command, state: State): E.Either<{ type: string; message: string }, ReadonlyArray<Event>> => {
  switch (command.type) {
    case 'issue':
      return E.right(state === 'unknown' ? [VoucherIssued.of(command.data)] : []);
    case 'redeem':
      if (state === 'unknown') return E.left({ type: 'VoucherNotIssued', message: 'no voucher has this id' });
      return E.right(state === 'issued' ? [VoucherRedeemed.of(command.data)] : []);
  }
};

export const voucherAggregate = aggregate<Command, State, Event>({
  category: 'voucher',
  path: 'vouchers',
  meaning: 'A voucher that a customer can spend once.',
  topic: {
    name: 'vouchers',
    partitions: 4,
    retention: 'forever',
    key: { is: 'the voucher id', because: 'a voucher is issued before it is spent; vouchers need no order among them' },
  },
  events: [VoucherIssued, VoucherRedeemed],
  commands: [issue, redeem],
  decider: {
    decide,
    evolve: (_, event) => (event.type === 'VoucherIssued' ? 'issued' : 'redeemed'),
    initialState: 'unknown',
  },
});
