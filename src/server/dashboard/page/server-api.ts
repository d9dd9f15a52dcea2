/**
 * How the page talks to its server. The API key stays in this tab (sessionStorage), and goes nowhere but to the server that the page is
 * from.
 */
import type { DashboardState } from '../dashboard-state.js';

const KEY_ITEM = 'simdex-api-key';

export interface Point {
  readonly id: number | string;
  readonly score: number;
  readonly payload: unknown;
}

/** The server wants a key, or another one. */
export class KeyNeeded extends Error {}

export class ServerApi {
  #key = sessionStorage.getItem(KEY_ITEM) ?? '';

  get hasKey(): boolean {
    return this.#key !== '';
  }

  useKey(key: string): void {
    this.#key = key;
    if (key === '') sessionStorage.removeItem(KEY_ITEM);
    else sessionStorage.setItem(KEY_ITEM, key);
  }

  /** @param since only samples newer than this are given */
  async state(since: number): Promise<DashboardState> {
    return (await (await this.#ask(`/dashboard/state?since=${since}`)).json()) as DashboardState;
  }

  /** The points nearest to the one with that id. */
  async neighbours(collection: string, id: number | string, limit: number): Promise<readonly Point[]> {
    const path = `/collections/${encodeURIComponent(collection)}/points/query`;
    const body = JSON.stringify({ query: id, limit, with_payload: true });
    const response = await this.#ask(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    return ((await response.json()) as { result: { points: readonly Point[] } }).result.points;
  }

  /** The bytes of the server-sent events of the monitor. */
  async events(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.#ask('/dashboard/events', { signal });
    return body!;
  }

  async #ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const headers = { ...init.headers, ...(this.hasKey && { 'api-key': this.#key }) };
    const response = await fetch(path, { ...init, headers, cache: 'no-store' });
    if (response.ok) return response;
    const reason = await reasonOf(response);
    throw response.status === 401 ? new KeyNeeded(reason) : new Error(reason);
  }
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return (JSON.parse(text) as { status: { error: string } }).status.error;
  } catch {
    return `the server answered ${response.status}`;
  }
}
