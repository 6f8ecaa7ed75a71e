/** Reads a stream of server-sent events. */
import * as assert from 'uvu/assert';

/** An event as it was sent. */
export interface SentEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** What a stream has sent so far. */
export interface FollowedEvents {
  readonly events: ReadonlyArray<SentEvent>;
  readonly isOver: () => boolean;
  readonly stop: () => void;
}

/** Opens a stream and collects its events. */
export const followEvents = async (
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<FollowedEvents> => {
  const ending = new AbortController();
  const response = await fetch(url, { headers, signal: ending.signal });
  assert.is(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const events: SentEvent[] = [];
  let over = false;
  const read = async (): Promise<void> => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const event of blocks.map(eventOf)) if (event.data !== undefined) events.push(event);
    }
  };
  void read()
    .catch(() => undefined)
    .finally(() => (over = true));
  return { events, isOver: () => over, stop: () => ending.abort() };
};

const eventOf = (block: string): SentEvent =>
  Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));
