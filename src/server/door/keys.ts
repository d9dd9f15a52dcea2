/**
 * The keys that open the server. A key is kept as a keyed digest only, and compared as one: neither its length nor how much of a
 * guess is right shows in the time that it takes, and no log line or dump of this object can tell it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What the holder of a key may do. */
export type KeyRights = 'all' | 'read';

export class Keys {
  readonly #secret = randomBytes(32);
  readonly #digests: readonly { readonly digest: Buffer; readonly rights: KeyRights }[];

  constructor(keys: { readonly apiKey?: string | undefined; readonly readOnlyApiKey?: string | undefined }) {
    const given = [
      { key: keys.apiKey, rights: 'all' as const },
      { key: keys.readOnlyApiKey, rights: 'read' as const },
    ];
    this.#digests = given.flatMap(({ key, rights }) =>
      key === undefined ? [] : [{ digest: this.#digestOf(key), rights }],
    );
  }

  /** Whether there is a key at all. */
  get areNeeded(): boolean {
    return this.#digests.length > 0;
  }

  /** What `key` allows; undefined where it is no key. Compares with every key, whichever fits. */
  rightsOf(key: string): KeyRights | undefined {
    const digest = this.#digestOf(key);
    let rights: KeyRights | undefined;
    for (const known of this.#digests) if (timingSafeEqual(known.digest, digest)) rights = known.rights;
    return rights;
  }

  #digestOf(key: string): Buffer {
    return createHmac('sha256', this.#secret).update(key, 'utf8').digest();
  }
}

/** The key that a request brings: the field `api-key`, or `Authorization: Bearer`. */
export function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['api-key'];
  if (typeof key === 'string') return key;
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}
