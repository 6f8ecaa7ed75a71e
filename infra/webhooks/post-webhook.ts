/** One HTTP request of a webhook: no redirects, and only to addresses that are allowed, checked after the name is resolved. */
import { lookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPrivateAddress } from './private-addresses';

export interface WebhookRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly allowPrivateAddresses: boolean;
}

export interface WebhookResponse {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The beginning of the body, for messages. */
  readonly text: string;
}

/** The target is not allowed; no retry can help. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
}

const MAX_RESPONSE_BYTES = 65_536;
const DISPLAY_CHARACTERS = 200;

/** Posts a body. Rejects with {@link WebhookRefused} for an address that is not allowed, and with Node's error for a network fault. */
export const postWebhook = ({
  url,
  headers,
  body,
  signal,
  allowPrivateAddresses,
}: WebhookRequest): Promise<WebhookResponse> =>
  new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    // An address in the URL itself is connected to without a look-up.
    if (!allowPrivateAddresses && isIP(host) !== 0 && isPrivateAddress(host)) {
      reject(new WebhookRefused(refusedAddress(host, host)));
      return;
    }
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = send(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        signal,
        ...(allowPrivateAddresses ? {} : { lookup: publicLookup }),
      },
      (incoming) => {
        readResponse(incoming).then(resolve, reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });

const refusedAddress = (host: string, address: string): string =>
  `${host} has the address ${address}, which is private or reserved; such targets have to be allowed explicitly`;

/** The connection is made to the addresses that were checked, so a second look-up can't lead elsewhere. */
const publicLookup: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, '', 4);
      return;
    }
    const refused = addresses.find(({ address }) => isPrivateAddress(address));
    const [first] = addresses;
    if (refused !== undefined || first === undefined) {
      callback(new WebhookRefused(refusedAddress(host, refused?.address ?? 'none')), '', 4);
      return;
    }
    if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

const readResponse = async (incoming: IncomingMessage): Promise<WebhookResponse> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    const buffer = chunk as Buffer;
    bytes += buffer.length;
    if (bytes > MAX_RESPONSE_BYTES) {
      incoming.destroy();
      break;
    }
    chunks.push(buffer);
  }
  return {
    status: incoming.statusCode ?? 0,
    retryAfter: incoming.headers['retry-after'],
    text: Buffer.concat(chunks).toString('utf8').slice(0, DISPLAY_CHARACTERS),
  };
};
