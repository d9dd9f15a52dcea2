/**
 * Checks the metadata of an Arrow file before apache-arrow, which trusts them, reads it. Every count, length and offset must
 * lie within the file. No table may be reached over more ways than there are bytes. A batch may not have more rows than its
 * body has bits. So reading takes time and memory in proportion to the file.
 *
 * Tables and slots are those of Schema.fbs, Message.fbs and File.fbs of the Arrow format.
 */
import { LENGTH_BYTES, unfoldedBytes } from './arrow-codecs.js';
import { FlatBuffer } from './flat-buffer.js';
import { malformed } from './malformed.js';
import { createBudget, type TrackedSource } from './optional-package.js';

const MAGIC = 'ARROW1';
/** The magic and its padding. */
const MAGIC_BYTES = 8;
/** The int32 length of the footer, and the magic again. */
const TAIL_BYTES = 10;
/** Before a message that is not of the oldest writers: 0xffffffff. */
const CONTINUATION = -1;
/** Types of messages. */
const SCHEMA = 1;
const DICTIONARY_BATCH = 2;
const RECORD_BATCH = 3;
const NAMES = ['nothing', 'a schema', 'a dictionary', 'a record batch'];
/** Types of fields whose own table points to more. */
const TIMESTAMP = 10;
const UNION = 14;
/** More than any sane schema nests, and far less than the stack has room for. */
const MAX_DEPTH = 64;
/** Each delta has apache-arrow copy the list of those before it. */
const MAX_DICTIONARY_BATCHES = 4096;

const latin1 = new TextDecoder('latin1');

/**
 * Checks the footer and all messages; says whether a batch is compressed. Rejects with `MalformedFile`, or the error of a read outside
 * the metadata.
 */
export async function checkArrowMetadata(source: TrackedSource): Promise<{ readonly isCompressed: boolean }> {
  const head = await source.slice(0, Math.min(MAGIC.length, source.byteLength));
  const walk = new MessageWalk(source);
  if (latin1.decode(head) !== MAGIC) {
    for (let at: number | undefined = 0; at !== undefined; ) at = await walk.message(at);
    if (!walk.hasSchema) throw malformed(source.name, 'byte 0', 'a schema, as Arrow begins with', 'none');
    return walk;
  }
  for (const { at, type } of await checkFooter(source)) await walk.message(at, type);
  return walk;
}

/** Checks the footer of the file form; gives the places of its messages. */
async function checkFooter(source: TrackedSource): Promise<{ readonly at: number; readonly type: number }[]> {
  const { name, byteLength } = source;
  const tailOffset = byteLength - TAIL_BYTES;
  if (tailOffset < MAGIC_BYTES)
    throw malformed(name, `byte ${byteLength}`, 'a footer', 'the end of the file: it is truncated');
  const tail = await source.slice(tailOffset, byteLength);
  const footerBytes = new DataView(tail).getInt32(0, true);
  if (latin1.decode(tail.slice(4)) !== MAGIC)
    throw malformed(name, `byte ${tailOffset + 4}`, `${MAGIC} at the end`, 'other bytes: the file is truncated');
  if (footerBytes < 1 || footerBytes > tailOffset - MAGIC_BYTES)
    throw malformed(name, `byte ${tailOffset}`, 'the length of the footer', String(footerBytes));
  const footer = new FlatBuffer(new Uint8Array(await source.slice(tailOffset - footerBytes, tailOffset)));
  const root = footer.root();
  checkSchema(footer, footer.table(root, 6));
  checkKeyValues(footer, root, 12);
  const blocks = (slot: number, type: number) =>
    footer.vector(root, slot, 24).map((block) => ({ at: footer.int64(block), type }));
  return [...blocks(8, DICTIONARY_BATCH), ...blocks(10, RECORD_BATCH)];
}

class MessageWalk {
  readonly #source: TrackedSource;
  /** Messages do not share bytes. */
  #budget: number;
  #dictionaries = 0;
  hasSchema = false;
  isCompressed = false;
  /** Takes the unpacked bytes of compressed data from the file's budget. */
  readonly #spend: (bytes: number) => void;

  constructor(source: TrackedSource) {
    this.#source = source;
    this.#budget = source.byteLength;
    this.#spend = createBudget(source);
  }

  /**
   * Checks the message at a place in the file; gives the place behind its body, undefined at the end of the stream.
   *
   * @param expected type that the footer gives it: a schema in the place of a batch would be read again and again
   */
  async message(at: number, expected?: number): Promise<number | undefined> {
    const { name, byteLength } = this.#source;
    const refuse = (expected: string, found: string) => malformed(name, `message at byte ${at}`, expected, found);
    let begin = at;
    let length = 0;
    do {
      if (begin === byteLength && expected === undefined) return undefined;
      length = new DataView(await this.#source.slice(begin, begin + 4)).getInt32(0, true);
      begin += 4;
    } while (length === CONTINUATION && begin === at + 4);
    if (length === 0 && expected === undefined) return undefined;
    if (length <= 0) throw refuse('the length of a message', String(length));
    const buffer = new FlatBuffer(new Uint8Array(await this.#source.slice(begin, begin + length)));
    const root = buffer.root();
    const bodyBytes = buffer.int64(buffer.field(root, 10));
    const end = begin + length + bodyBytes;
    this.#budget -= end - at;
    if (bodyBytes < 0 || end > byteLength || this.#budget < 0)
      throw refuse(`a body within the ${byteLength} bytes of the file`, `one of ${bodyBytes} bytes`);
    checkKeyValues(buffer, root, 12);
    const header = buffer.table(root, 8);
    const type = buffer.uint8(buffer.field(root, 6));
    if (header === 0) throw refuse('a header', 'none');
    if (expected !== undefined && type !== expected)
      throw refuse(NAMES[expected]!, NAMES[type] ?? `a message of type ${type}`);
    if (type === SCHEMA && bodyBytes === 0 && !this.hasSchema) {
      checkSchema(buffer, header);
      this.hasSchema = true;
    } else if (type === RECORD_BATCH) await this.#batch(buffer, header, begin + length, bodyBytes, refuse);
    else if (type === DICTIONARY_BATCH && ++this.#dictionaries <= MAX_DICTIONARY_BATCHES)
      await this.#batch(buffer, buffer.table(header, 6), begin + length, bodyBytes, refuse);
    else throw refuse('one schema, then record batches and dictionaries', NAMES[type] ?? `a message of type ${type}`);
    return end;
  }

  async #batch(buffer: FlatBuffer, batch: number, body: number, bodyBytes: number, refuse: Refuse): Promise<void> {
    if (batch === 0) throw refuse('a batch', 'none');
    const isCompressed = buffer.field(batch, 10) !== 0;
    this.isCompressed ||= isCompressed;
    const bytes = isCompressed ? await this.#unfolded(buffer, batch, body, bodyBytes, refuse) : bodyBytes;
    checkBatch(buffer, batch, bytes, refuse);
  }

  /** Bytes that the buffers of a compressed batch say that they unfold to. */
  async #unfolded(buffer: FlatBuffer, batch: number, body: number, bodyBytes: number, refuse: Refuse): Promise<number> {
    let sum = 0;
    for (const region of buffer.vector(batch, 8, 16)) {
      const [offset, length] = [buffer.int64(region), buffer.int64(region + 8)];
      if (length === 0) continue;
      if (!(offset >= 0 && length >= LENGTH_BYTES && offset + length <= bodyBytes))
        throw refuse(`buffers within the ${bodyBytes} bytes of a body`, `one of ${length} from ${offset} on`);
      const head = await this.#source.slice(body + offset, body + offset + LENGTH_BYTES);
      const claimed = unfoldedBytes(new Uint8Array(head));
      if (claimed < -1) throw refuse('the length of a buffer', String(claimed));
      sum += claimed === -1 ? length - LENGTH_BYTES : claimed;
    }
    this.#spend(sum);
    return sum;
  }
}

type Refuse = (expected: string, found: string) => Error;

function checkBatch(buffer: FlatBuffer, batch: number, bodyBytes: number, refuse: Refuse): void {
  const most = 8 * bodyBytes;
  const rows = buffer.int64(buffer.field(batch, 4));
  if (!(rows >= 0 && rows <= most)) throw refuse(`at most ${most} rows in ${bodyBytes} bytes`, String(rows));
  for (const node of buffer.vector(batch, 6, 16)) {
    const [length, nulls] = [buffer.int64(node), buffer.int64(node + 8)];
    if (!(length >= 0 && length <= most && nulls >= 0 && nulls <= length))
      throw refuse(`a column of at most ${most} values in ${bodyBytes} bytes`, `${length} with ${nulls} nulls`);
  }
  const buffers = buffer.vector(batch, 8, 16).length;
  // How many of them the columns of views have.
  for (const item of buffer.vector(batch, 12, 8)) {
    const count = buffer.int64(item);
    if (!(count >= 0 && count <= buffers)) throw refuse(`a column of at most ${buffers} buffers`, String(count));
  }
}

function checkSchema(buffer: FlatBuffer, schema: number): void {
  if (schema === 0) throw new Error('there is no schema');
  checkFields(buffer, schema, 6, 0);
  checkKeyValues(buffer, schema, 8);
}

function checkFields(buffer: FlatBuffer, table: number, slot: number, depth: number): void {
  if (depth > MAX_DEPTH) throw new Error(`its types nest more than ${MAX_DEPTH} deep`);
  for (const item of buffer.vector(table, slot, 4)) {
    const field = buffer.follow(item);
    buffer.text(field, 4);
    const type = buffer.table(field, 10);
    const kind = buffer.uint8(buffer.field(field, 8));
    if (kind === TIMESTAMP && type !== 0) buffer.text(type, 6);
    if (kind === UNION && type !== 0) buffer.vector(type, 6, 4);
    checkFields(buffer, field, 14, depth + 1);
    checkKeyValues(buffer, field, 16);
  }
}

function checkKeyValues(buffer: FlatBuffer, table: number, slot: number): void {
  for (const item of buffer.vector(table, slot, 4)) {
    const pair = buffer.follow(item);
    buffer.text(pair, 4);
    buffer.text(pair, 6);
  }
}
