/** The declaration of an application, and the errors that its author gets. */
import * as t from 'io-ts';
import * as assert from 'uvu/assert';
import { InvalidDeclaration } from '../../domain/kernel/declarations';
import { defineProcessManager } from '../../domain/kernel/process-manager';
import { Amount } from '../../domain/kernel/values';
import { defineSetting } from '../../domain/kernel/setting';
import { ConfigurationError, readSettings } from '../../infra/configuration';
import { defineApplication } from '../../projections/application';
import { spec } from '../spec';
import { voucherAggregate } from '../examples/voucher';
import { voucherBalance } from '../examples/voucher-balance';
import { VoucherIssued } from '../examples/voucher';

const counting = defineProcessManager<number>({
  name: 'counting',
  version: 1,
  meaning: 'Counts.',
  handles: [VoucherIssued],
  instanceOf: ({ stream }) => stream,
  initialState: 0,
  step: (state) => ({ state: state + 1, commands: [] }),
});
const reminding = (afterMs: number) =>
  defineProcessManager<{ readonly afterMs: number }>({
    name: 'reminding',
    version: 1,
    meaning: 'Knows when to remind.',
    handles: [VoucherIssued],
    instanceOf: ({ stream }) => stream,
    initialState: { afterMs },
    step: (state) => ({ state, commands: [] }),
  });
const reminderMs = defineSetting({
  variable: 'REMINDER_MS',
  codec: t.number,
  default: 5_000,
  meaning: 'When customers are reminded.',
});
const shop = defineApplication({
  name: 'voucher-shop',
  aggregates: [voucherAggregate],
  projections: [voucherBalance],
  settings: { reminderMs },
  processManagers: (settings) => [counting, reminding(settings.reminderMs)],
});

spec('an application', ({ test }) => {
  test('has process managers with states of different types, and passes them its settings', () => {
    const states = (settings: Readonly<Record<string, unknown>>): ReadonlyArray<unknown> =>
      shop.processManagersWith(settings).map(({ initialState }) => initialState);
    assert.equal(states(readSettings(shop.settings, {})), [0, { afterMs: 5_000 }]);
    assert.equal(states(readSettings(shop.settings, { REMINDER_MS: '70' })), [0, { afterMs: 70 }]);
    assert.equal(shop.processManagers.length, 2);
  });
  test('may have only aggregates', () => {
    const { projections, processManagers, settings } = defineApplication({
      name: 'bare',
      aggregates: [voucherAggregate],
    });
    assert.equal([projections, processManagers, settings], [[], [], {}]);
  });
  test('rejects a setting that its codec does not accept, with the variable and its meaning', () => {
    for (const text of ['soon', '"70"', '[]', 'NaN', '7 0'])
      assert.throws(
        () => readSettings(shop.settings, { REMINDER_MS: text }),
        (error: unknown) =>
          error instanceof ConfigurationError &&
          /^REMINDER_MS is '.*'; it takes number: When customers/.test(error.message),
      );
  });
  test('reads a text as a text where the codec accepts one', () => {
    const greeting = defineSetting({ variable: 'GREETING', codec: t.string, default: '', meaning: 'What is said.' });
    assert.equal(readSettings({ greeting }, { GREETING: '70' }), { greeting: '70' });
  });

  const refused: ReadonlyArray<readonly [what: string, define: () => unknown, sentence: RegExp]> = [
    [
      'an invalid name',
      () => defineApplication({ name: 'Voucher Shop', aggregates: [] }),
      /'Voucher Shop' can't be the name of an application/,
    ],
    [
      'an aggregate twice',
      () => defineApplication({ name: 'twice', aggregates: [voucherAggregate, voucherAggregate] }),
      /twice/,
    ],
    [
      'a projection twice',
      () => defineApplication({ name: 'twice', aggregates: [], projections: [voucherBalance, voucherBalance] }),
      /names the projection 'voucher-balance' twice/,
    ],
    [
      'a process manager twice',
      () => defineApplication({ name: 'twice', aggregates: [], processManagers: [counting, counting] }),
      /names the process manager 'counting' twice/,
    ],
    [
      'an invalid variable',
      () => defineSetting({ variable: 'reminder', codec: t.number, default: 1, meaning: '' }),
      /'reminder' can't be a setting's variable/,
    ],
    [
      'an invalid default',
      () => defineSetting<number>({ variable: 'REMINDER', codec: Amount, default: 1.5, meaning: '' }),
      /REMINDER has the default 1.5, which is not a valid /,
    ],
  ];
  for (const [what, define, sentence] of refused)
    test(`rejects ${what}`, () => {
      assert.throws(define, (error: unknown) => error instanceof InvalidDeclaration && sentence.test(error.message));
    });
});
