/** Tells another system of each delivery: an effect of the shipped application, where a URL is set. */
import * as t from 'io-ts';
import type { Effect } from '../../../domain/kernel/effect';
import { defineSetting } from '../../../domain/kernel/setting';
import { OrderDelivered } from '../../../domain/order/events';
import { defineWebhook } from '../../../infra/webhooks/webhook';

/** The settings of the webhook, by the names that the application uses. */
export const deliveryWebhookSettings = {
  deliveryWebhookUrl: defineSetting({
    variable: 'DELIVERY_WEBHOOK_URL',
    codec: t.string,
    default: '',
    meaning: 'the URL that each delivery is posted to; empty: none is',
  }),
  deliveryWebhookSecret: defineSetting({
    variable: 'DELIVERY_WEBHOOK_SECRET',
    codec: t.string,
    default: '',
    meaning: "the secret of its signatures: 'whsec_' and the base64 text of 24 to 64 random bytes",
  }),
  deliveryWebhookToPrivate: defineSetting({
    variable: 'DELIVERY_WEBHOOK_TO_PRIVATE',
    codec: t.boolean,
    default: false,
    meaning: 'true or false: whether it may go to a private or local address, also without TLS',
  }),
};

/** The webhook; none where no URL is set. */
export const deliveryWebhooks = (settings: {
  readonly deliveryWebhookUrl: string;
  readonly deliveryWebhookSecret: string;
  readonly deliveryWebhookToPrivate: boolean;
}): ReadonlyArray<Effect> => {
  const { deliveryWebhookUrl: url, deliveryWebhookSecret: secret, deliveryWebhookToPrivate } = settings;
  if (url === '') return [];
  return [
    defineWebhook({
      name: 'delivery-webhook',
      meaning: 'Posts each delivery to another system.',
      owner: 'order desk',
      handles: [OrderDelivered],
      target: { url, secret, allowPrivateAddresses: deliveryWebhookToPrivate },
      concurrency: 16,
    }),
  ];
};
