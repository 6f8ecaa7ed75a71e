/** Where the demonstration receives webhooks: at the address that the server is given too. */
import { readSettings } from '../../infra/configuration';
import { deliveryWebhookSettings } from '../../projections/fulfilment/effects/delivery-webhook';
import type { WebhookAddress } from './webhook-receiver';

/** Undefined where webhooks go to no port of this machine. */
export const demoWebhook = (): WebhookAddress | undefined => {
  const { deliveryWebhookUrl: url, deliveryWebhookSecret: secret } = readSettings(deliveryWebhookSettings);
  if (url === '' || !URL.canParse(url)) return undefined;
  const { hostname, protocol, port } = new URL(url);
  const isOfThisMachine = hostname === '127.0.0.1' || hostname === 'localhost';
  return isOfThisMachine && protocol === 'http:' && port !== '' ? { url, secret } : undefined;
};
