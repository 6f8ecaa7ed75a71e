/** What an application is made of, and what its author is told where something is wrong with it. */
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
  test('has process managers with states of different types, and hands them its settings', () => {
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
  test('refuses a setting that its codec does not take, with the variable and what it means', () => {
    for (const text of ['soon', '"70"', '[]', 'NaN', '7 0'])
      assert.throws(
        () => readSettings(shop.settings, { REMINDER_MS: text }),
        (error: unknown) =>
          error instanceof ConfigurationError &&
          /^REMINDER_MS is '.*'; it takes number: When customers/.test(error.message),
      );
  });
  test('takes a text as a text where the codec takes one', () => {
    const greeting = defineSetting({ variable: 'GREETING', codec: t.string, default: '', meaning: 'What is said.' });
    assert.equal(readSettings({ greeting }, { GREETING: '70' }), { greeting: '70' });
  });

  const refused: ReadonlyArray<readonly [what: string, define: () => unknown, sentence: RegExp]> = [
    [
      'a name that cannot be one',
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
      'a variable that cannot be one',
      () => defineSetting({ variable: 'reminder', codec: t.number, default: 1, meaning: '' }),
      /'reminder' can't be a setting's variable/,
    ],
    [
      'a default that is none',
      () => defineSetting<number>({ variable: 'REMINDER', codec: Amount, default: 1.5, meaning: '' }),
      /REMINDER has the default 1.5, which is not a valid /,
    ],
  ];
  for (const [what, define, sentence] of refused)
    test(`refuses ${what}`, () => {
      assert.throws(define, (error: unknown) => error instanceof InvalidDeclaration && sentence.test(error.message));
    });
});
