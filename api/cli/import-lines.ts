/** The lines of an import file: UTF-8, plain or compressed with gzip. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { ImportRefused } from '../../infra/archive/import-events';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/**
 * Yields the lines one by one, without `\
 ` or `\\r\
 `. Other characters that some readers treat as line ends (U+2028 and the like)
 * stay, because texts may contain them.
 */
export async function* linesOfFile(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  let line = 1;
  for await (const chunk of chunksOf(file)) {
    const parts = (rest + decoded(decoder, chunk, line, file)).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      line += 1;
      yield part.endsWith('\r') ? part.slice(0, -1) : part;
    }
  }
  rest += decoded(decoder, undefined, line, file);
  if (rest !== '') yield rest;
}

const decoded = (decoder: TextDecoder, chunk: Buffer | undefined, line: number, file: string): string => {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new ImportRefused(`${file} is not valid UTF-8 in or shortly after line ${line}; nothing was imported`);
  }
};

async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  try {
    // A stream of bytes yields buffers; the types do not say so.
    const chunks = createReadStream(file)[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
    const first = await chunks.next();
    if (first.done === true) return;
    const all = startingWith(first.value, chunks);
    yield* first.value.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC) ? unzipped(all) : all;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImportRefused(`${file} can't be read: ${reason}; nothing was imported`);
  }
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

async function* unzipped(compressed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const source = Readable.from(compressed);
  source.on('error', (error) => gunzip.destroy(error));
  for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer;
}
