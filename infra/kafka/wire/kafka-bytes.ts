/** Kafka's own encoding of numbers, texts and lists, as far as the few requests here need it. */

/** Appends values, one after another. */
export class KafkaWriter {
  private readonly parts: Buffer[] = [];

  int8(value: number): this {
    return this.number(1, (bytes) => bytes.writeInt8(value));
  }

  int16(value: number): this {
    return this.number(2, (bytes) => bytes.writeInt16BE(value));
  }

  int32(value: number): this {
    return this.number(4, (bytes) => bytes.writeInt32BE(value));
  }

  text(value: string): this {
    const bytes = Buffer.from(value);
    this.int16(bytes.length);
    this.parts.push(bytes);
    return this;
  }

  bytes(value: Buffer): this {
    this.int32(value.length);
    this.parts.push(value);
    return this;
  }

  list<Item>(items: ReadonlyArray<Item>, write: (item: Item) => void): this {
    this.int32(items.length);
    items.forEach(write);
    return this;
  }

  end(): Buffer {
    return Buffer.concat(this.parts);
  }

  private number(size: number, write: (bytes: Buffer) => void): this {
    const bytes = Buffer.alloc(size);
    write(bytes);
    this.parts.push(bytes);
    return this;
  }
}

/** Takes values off, in the order in which they were written. Throws RangeError where there are none left. */
export class KafkaReader {
  private at = 0;

  constructor(private readonly source: Buffer) {}

  int8(): number {
    return this.source.readInt8(this.step(1));
  }

  int16(): number {
    return this.source.readInt16BE(this.step(2));
  }

  int32(): number {
    return this.source.readInt32BE(this.step(4));
  }

  text(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.slice(length).toString('utf8');
  }

  bytes(): Buffer {
    return this.slice(Math.max(0, this.int32()));
  }

  list<Item>(read: () => Item): ReadonlyArray<Item> {
    const items: Item[] = [];
    for (let left = this.int32(); left > 0; left -= 1) items.push(read());
    return items;
  }

  private step(size: number): number {
    const from = this.at;
    if (from + size > this.source.length) throw new RangeError('the answer of the broker ends too soon');
    this.at += size;
    return from;
  }

  private slice(size: number): Buffer {
    const from = this.step(size);
    return this.source.subarray(from, from + size);
  }
}
