/** The gate takes every name of a fact, by a list of words that others keep, and still refuses what a database did. */
import * as assert from 'uvu/assert';
import { nameProblem } from '../../../infra/contracts/fact-names';
import { ruleFindings } from '../../../infra/contracts/contract-rules';
import { readPastForms } from '../../../infra/contracts/past-forms';
import { withEvent } from './changed-catalog';
import { spec } from '../../spec';

const past = readPastForms();

spec('the name of an event', ({ test }) => {
  const facts = [
    ...['CopyLent', 'GoodsStored', 'PriceChanged', 'MoneyPaid', 'OrderSent', 'TicketSold', 'SeatTaken', 'LimitSet'],
    ...['RateCut', 'ContractWon', 'GameLost', 'KeyFound', 'HotelBuilt', 'LetterWritten', 'DocumentRead', 'GoodsBought'],
    ...['AccountFrozen', 'CardStolen', 'GlassBroken', 'FlightBegun', 'ParcelLaid', 'MoneyWithdrawn', 'BillOverpaid'],
    ...[
      'InvoiceUnderpaid',
      'TicketResold',
      'ShareSplit',
      'DoorShut',
      'TenantMovedIn',
      'LoanBecameOverdue',
      'PriceFell',
    ],
    ...['OrderWentMissing', 'VATRefundPaid', 'PaymentRecorded', 'RowingClubJoined', 'VinylRecordSold', 'CopyMislaid'],
    ...['ItemAddedToCart', 'AddressChanged', 'LineRemoved', 'BeltWorn', 'ShiftSwapped', 'SongSung', 'PatientFed'],
    ...[
      'SlaveFreed',
      'TermsAgreed',
      'LoanGuaranteed',
      'TicketUpset',
      'BetPut',
      'FieldMown',
      'OfferWithheld',
      'MemberLed',
    ],
  ];
  test('is a fact where it has a past form, regular or not', () => {
    for (const type of facts) assert.is(nameProblem(type, 'order', past), undefined, type);
  });

  test('is none without a word in the past tense', () => {
    for (const type of [
      ...[
        'OrderUpdate',
        'CreateOrder',
        'OrderPlacement',
        'LoanOverdue',
        'NewsFeed',
        'SeedBed',
        'CustomerNeed',
        'StartRun',
      ],
      ...['OrderSpeed', 'LendCopy', 'CopyLending', 'OrderIsThere', 'CreateSet'],
    ])
      assert.match(nameProblem(type, 'order', past) ?? '', /no word in the past tense/, type);
  });

  test('is none where it says what a database did', () => {
    for (const type of [
      ...['OrderUpdated', 'UserCreated', 'CopyDeleted', 'RowChanged', 'RecordSaved', 'LineInserted', 'PriceModified'],
      ...['OrderChanged', 'OrderSaved', 'OrderSet', 'EntityStored', 'GiftCardChanged'],
    ])
      assert.match(
        nameProblem(type, type.startsWith('Gift') ? 'gift_card' : 'order', past) ?? '',
        /describes a database operation/,
        type,
      );
  });

  test('is of two words or more, in PascalCase', () => {
    for (const type of ['Paid', 'orderPaid', 'Order-Paid', 'ORDER', ''])
      assert.match(nameProblem(type, 'order', past) ?? '', /PascalCase of two words/, type);
  });

  test('is a fact where the team declares it one, with a reason in a sentence', () => {
    const problems = (isFact: { readonly because: string } | undefined): string =>
      ruleFindings(
        withEvent('OrderDelivered', (each) => ({
          ...each,
          type: 'OrderOverdue',
          ...(isFact === undefined ? {} : { isFact }),
        })),
        past,
      )
        .map(({ problem, remedy }) => `${problem}: ${remedy}`)
        .join('\n');
    assert.match(problems(undefined), /no word in the past tense[\s\S]*isFact: \{ because/);
    assert.match(problems({ because: 'so' }), /declared a fact, but no sentence says why/);
    assert.is(problems({ because: 'The term of delivery has passed, which the carrier told us.' }), '');
  });
});
