/**
 * The first file of a body of `multipart/form-data` (RFC 7578), as it comes, without the body being taken in.
 */
import { RequestError } from '../errors.js';

const LINE_END = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const MOST_HEAD_BYTES = 2 ** 14;

/** The boundary that a content type names. @throws {RequestError} 400 */
export function boundaryOf(contentType: string): string {
  const found = /boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(contentType);
  if (!found) throw new RequestError(400, 'multipart/form-data must name its boundary');
  return found[1] ?? found[2]!;
}

/** Pieces of the first part. Throws {@link RequestError} 400 for a body that ends before its part does. */
export async function* firstPart(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<Uint8Array, undefined> {
  const opening = Buffer.from(`--${boundary}`);
  const closing = Buffer.concat([LINE_END, opening]);
  let held: Buffer = Buffer.alloc(0);
  let isInPart = false;
  for await (const piece of body) {
    held = Buffer.concat([held, piece]);
    if (!isInPart) {
      const end = held.indexOf(HEAD_END);
      if (end === -1) {
        if (held.length > MOST_HEAD_BYTES) throw unfinished();
        continue;
      }
      if (!held.subarray(0, end).includes(opening)) throw unfinished();
      held = held.subarray(end + HEAD_END.length);
      isInPart = true;
    }
    const end = held.indexOf(closing);
    if (end !== -1) {
      yield held.subarray(0, end);
      return;
    }
    // The boundary may have begun in what is held.
    const sure = held.length - closing.length;
    if (sure <= 0) continue;
    yield held.subarray(0, sure);
    held = held.subarray(sure);
  }
  throw unfinished();
}

function unfinished(): RequestError {
  return new RequestError(400, 'The body is no whole multipart/form-data with a file');
}
