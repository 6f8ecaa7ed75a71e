import { aggregate } from '../../domain/kernel/aggregate';
import { field } from '../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../domain/kernel/command-definition';
import { accept, nothingToChange, reject, type Decision } from '../../domain/kernel/decider';
import { defineEvent, type EventOf } from '../../domain/kernel/event-definition';
import { Amount, Currency, Identifier, Instant } from '../../domain/kernel/values';

// What happens: facts, in the past tense, each field with its meaning.
const facts = {
  voucherId: field(Identifier, 'The voucher.'),
  customerId: field(Identifier, 'Who may spend it.'),
  amount: field(Amount, 'What it is worth, in minor units of the currency.'),
  currency: field(Currency, 'The currency of the amount, ISO 4217.'),
  issuedAt: field(Instant, 'When it was handed out; business time, UTC.'),
};
// Who answers for these facts, and since when.
const contract = { owner: 'gift desk', since: '2026-11-25' };
const redeemedAt = field(Instant, 'When it was spent; business time, UTC.');
export const VoucherIssued = defineEvent('VoucherIssued', {
  ...contract,
  schemaVersion: 1,
  meaning: 'A voucher was handed to a customer.',
  fields: facts,
});
export const VoucherRedeemed = defineEvent('VoucherRedeemed', {
  ...contract,
  schemaVersion: 1,
  meaning: 'A voucher was spent, all of it.',
  fields: { ...facts, redeemedAt },
});

// What people may ask for: POST /vouchers/{id}/issue and POST /vouchers/{id}/redeem.
const { customerId, amount, currency, issuedAt } = facts;
const issue = defineCommand('issue', {
  meaning: 'Hands a voucher to a customer.',
  fields: { customerId, amount, currency, issuedAt },
  example: { customerId: 'c1', amount: 500, currency: 'EUR', issuedAt: '2026-01-01T12:00:00Z' },
});
const redeem = defineCommand('redeem', {
  meaning: 'Spends the voucher.',
  fields: { redeemedAt },
  example: { redeemedAt: '2026-01-02T12:00:00Z' },
});

// The rules: from a command and the state to events, or to the fact that stands against it.
type VoucherCommand = CommandOf<typeof issue> | CommandOf<typeof redeem>;
type VoucherEvent = EventOf<typeof VoucherIssued> | EventOf<typeof VoucherRedeemed>;
interface Voucher {
  readonly issued?: EventOf<typeof VoucherIssued>['data'];
  readonly isRedeemed?: boolean;
}
const decide = (command: VoucherCommand, { issued, isRedeemed }: Voucher): Decision<VoucherEvent> => {
  if (command.type === 'issue') {
    if (issued === undefined) return accept(VoucherIssued.of({ voucherId: command.id, ...command.data }));
    const isSame = issued.customerId === command.data.customerId && issued.amount === command.data.amount;
    return isSame ? nothingToChange : reject('VoucherAlreadyIssued', `Voucher ${command.id} is somebody else's.`);
  }
  if (issued === undefined) return reject('VoucherNotIssued', `No voucher has the id ${command.id}: issue it first.`);
  if (isRedeemed === true) return nothingToChange;
  return accept(VoucherRedeemed.of({ ...issued, ...command.data }));
};

export const voucherAggregate = aggregate<VoucherCommand, Voucher, VoucherEvent>({
  category: 'voucher',
  path: 'vouchers',
  meaning: 'A voucher that a customer can spend once.',
  topic: {
    name: 'vouchers',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the voucher id',
      because: 'it is issued before it is spent; vouchers need no order among them',
      concurrency: 'Four partitions let four consumers share the topic.',
      skew: 'None is expected: a voucher has two events.',
    },
  },
  events: [VoucherIssued, VoucherRedeemed],
  commands: [issue, redeem],
  decider: {
    decide,
    evolve: (state, event) =>
      event.type === 'VoucherIssued' ? { ...state, issued: event.data } : { ...state, isRedeemed: true },
    initialState: {},
  },
});
