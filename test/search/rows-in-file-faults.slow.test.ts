/**
 * What happens to the file under an index whose rows stay in it: the contract's error with the path and what to do, or the right answer.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine, type IndexingError, type LoadOptions, VectorIndex } from 'simdex';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { failAtBatch, failNowhere, failures, faultyWorker } from '../indexing/fault.js';
import { parseSafetensors } from './safetensors.js';
import { build, load, positions, randomRows, told } from './support.js';

const folder = await mkdtemp(join(tmpdir(), 'simdex-'));
afterAll(() => rm(folder, { recursive: true }));
afterEach(failNowhere);

const [COUNT, DIMS] = [3000, 64];
const rows = randomRows(COUNT, DIMS);
const queries = randomRows(16, DIMS, 2);
let files = 0;

const withGraph = VectorIndex.build<number>(rows, { threadCount: 2, graph: { degree: 8, effort: 32 } });
afterAll(async () => (await withGraph).dispose());

/** An index in memory, its bytes, and a file with them. */
async function savedIndex(graph = false) {
  const memory = graph ? await withGraph : await build<number>(rows);
  const file = join(folder, `${files++}.safetensors`);
  const bytes = memory.toBytes();
  await writeFile(file, bytes);
  return { memory, file, bytes };
}

async function loadInFile(file: string | Blob, options: LoadOptions = {}): Promise<VectorIndex<number>> {
  return load<number>(file, { rows: 'file', ...options });
}

/** A Blob whose reads wait for, or reject with, what `onRead` does. */
class WrappedBlob extends Blob {
  onRead: () => Promise<void> = async () => undefined;

  override slice(first?: number, last?: number): Blob {
    const piece = super.slice(first, last);
    const read = () => Blob.prototype.arrayBuffer.call(piece);
    piece.arrayBuffer = async () => {
      await this.onRead();
      return read();
    };
    return piece;
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function openDescriptorsOf(file: string): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(file)).length;
}

describe.each([false, true])('with a graph: %s', (graph) => {
  test.each([
    ['shrinks', (file: string) => truncate(file, 20_000)],
    ['grows', (file: string) => appendFile(file, 'more')],
    ['is written anew', (file: string, bytes: Uint8Array) => writeFile(file, bytes)],
    ['is cut to nothing', (file: string) => truncate(file, 0)],
  ])('a file that %s is refused', async (_, change) => {
    const { file, bytes } = await savedIndex(graph);
    const index = await loadInFile(file);
    expect((await index.search(queries[0]!, 5)).length).toBe(5);
    // Times of files have steps of some milliseconds.
    await pause(20);
    await change(file, bytes);
    const refusal = { code: 'FileAccess', message: expect.stringMatching(`${file}: it was changed .* load it again`) };
    await expect(index.search(queries[0]!, 5)).rejects.toMatchObject(refusal);
    await expect(index.searchBatch(queries, 5)).rejects.toMatchObject(refusal);
    await expect(index.get(3)).rejects.toMatchObject(refusal);
    await expect(index.search({ id: 3 }, 5)).rejects.toMatchObject(refusal);
    await expect(index.save(join(folder, 'copy.safetensors'))).rejects.toMatchObject(refusal);
    expect((await readdir(folder)).filter((name) => /copy|tmp/.test(name))).toEqual([]);
  });
});

test('a header that was changed by somebody who put the time back is refused', async () => {
  const { file } = await savedIndex();
  const before = new Date(1_700_000_000_000);
  await utimes(file, before, before);
  const index = await loadInFile(file);
  const handle = await open(file, 'r+');
  await handle.write('X', 20);
  await handle.close();
  await utimes(file, before, before);
  await expect(index.search(queries[0]!, 5)).rejects.toMatchObject({
    code: 'FileAccess',
    message: expect.stringContaining(`${file}: its header was changed`),
  });
});

test('slow reads: 64 searchers at a time, each with its own hits, and the event loop goes on', async () => {
  const { memory, bytes } = await savedIndex();
  const blob = new WrappedBlob([bytes]);
  const index = await loadInFile(blob);
  let [reads, most] = [0, 0];
  blob.onRead = async () => {
    most = Math.max(most, ++reads);
    await pause(2);
    reads--;
  };
  const searches = positions(64).map((i) => index.search(queries[i % 16]!, 1 + (i % 7)));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const hits = await Promise.all(searches);
  clearInterval(timer);
  for (const [i, each] of hits.entries()) {
    expect(told(each)).toEqual(told(await memory.search(queries[i % 16]!, 1 + (i % 7))));
  }
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(16);
  expect(turns).toBeGreaterThan(3);
});

test('a read that fails once is done again', async () => {
  const { memory, bytes } = await savedIndex();
  const blob = new WrappedBlob([bytes]);
  const index = await loadInFile(blob);
  let failed = 0;
  blob.onRead = async () => {
    if (failed++ === 0) throw new Error('EIO: i/o error');
  };
  expect(told(await index.search(queries[0]!, 9))).toEqual(told(await memory.search(queries[0]!, 9)));
  expect(failed).toBeGreaterThan(1);
});

test('a Blob that is lost is told, and what comes later is answered once it can be read again', async () => {
  const { memory, bytes } = await savedIndex();
  const blob = new WrappedBlob([bytes]);
  const index = await loadInFile(blob);
  blob.onRead = () => Promise.reject(new DOMException('The file could not be read', 'NotReadableError'));
  const refusal = { code: 'FileAccess', message: expect.stringContaining('cannot read blob: NotReadableError') };
  await expect(index.search(queries[0]!, 5)).rejects.toMatchObject(refusal);
  await expect(index.get(1)).rejects.toMatchObject(refusal);
  blob.onRead = async () => undefined;
  expect(told(await index.search(queries[0]!, 5))).toEqual(told(await memory.search(queries[0]!, 5)));
});

test('an aborted search and a disposed index wait for no read', async () => {
  const { memory, bytes } = await savedIndex();
  const blob = new WrappedBlob([bytes]);
  const index = await loadInFile(blob);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  blob.onRead = () => held;
  const controller = new AbortController();
  const aborted = index.search(queries[0]!, 5, { signal: controller.signal });
  // More than there are places to score in.
  const others = positions(6).map((i) => index.search(queries[i]!, 5));
  const ended = Promise.allSettled([...others, index.get(4)]);
  await pause(20);
  controller.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  await index.dispose();
  for (const each of await ended) expect(each).toMatchObject({ status: 'rejected', reason: { code: 'Disposed' } });
  release();
  await pause(10);
  await expect(index.search(queries[0]!, 5)).rejects.toMatchObject({ code: 'Disposed' });
  expect((await memory.search(queries[0]!, 5)).length).toBe(5);
});

test('after an abort the next search has its own hits', async () => {
  const { memory, bytes } = await savedIndex();
  const blob = new WrappedBlob([bytes]);
  const index = await loadInFile(blob);
  blob.onRead = () => pause(5);
  for (let round = 0; round < 6; round++) {
    const controller = new AbortController();
    const aborted = positions(5).map((i) => index.search(queries[i]!, 9, { signal: controller.signal }));
    const kept = index.search(queries[10 + round]!, 9);
    await pause(3 * round);
    controller.abort(new Error('enough'));
    await Promise.allSettled(aborted);
    expect(told(await kept)).toEqual(told(await memory.search(queries[10 + round]!, 9)));
  }
});

test.skipIf(process.platform !== 'linux')(
  'the file is closed when the index is disposed, or was saved in its place',
  async () => {
    const { file } = await savedIndex();
    const index = await loadInFile(file);
    await index.search(queries[0]!, 5);
    expect(await openDescriptorsOf(file)).toBe(1);
    for (let round = 0; round < 3; round++) {
      await index.save(file);
      await index.search(queries[0]!, 5);
      await pause(20);
      expect(await openDescriptorsOf(file)).toBe(1);
    }
    await index.dispose();
    await pause(20);
    expect(await openDescriptorsOf(file)).toBe(0);
    // Nor is it left open where an index cannot be loaded.
    await truncate(file, 5000);
    await expect(loadInFile(file)).rejects.toMatchObject({ code: 'MalformedFile' });
    expect(await openDescriptorsOf(file)).toBe(0);
  },
);

test.each(['codes', 'code_scales', 'code_errors', 'magnitudes'])(
  'damaged %s are refused by their checksum',
  async (name) => {
    const { file, bytes } = await savedIndex();
    const { byteOffset } = parseSafetensors(bytes).tensors.get(name)!;
    bytes[byteOffset + 9]! ^= 1;
    await writeFile(file, bytes);
    const refusal = { code: 'MalformedFile', message: expect.stringContaining('code_check') };
    await expect(loadInFile(file)).rejects.toMatchObject(refusal);
    // With the rows in memory nobody needs them.
    if (name !== 'magnitudes') expect((await load(file)).size).toBe(COUNT);
  },
);

test('rows that are others than those that codes were made of are refused, all or one', async () => {
  const { file, bytes } = await savedIndex();
  const { byteOffset } = parseSafetensors(bytes).tensors.get('vectors')!;
  const vectors = new Float32Array(bytes.buffer, byteOffset, COUNT * DIMS);
  // Still unit rows, each in the place of another.
  const others = vectors.slice();
  for (let row = 0; row < COUNT; row++) {
    vectors.set(others.subarray(row * DIMS, (row + 1) * DIMS), ((row + 1) % COUNT) * DIMS);
  }
  await writeFile(file, bytes);
  const refusal = { code: 'MalformedFile', message: expect.stringContaining('the row that its codes were made of') };
  await expect(loadInFile(file)).rejects.toMatchObject(refusal);

  vectors.set(others);
  vectors.copyWithin(1001 * DIMS, 5 * DIMS, 6 * DIMS);
  await writeFile(file, bytes);
  const index = await loadInFile(file);
  await expect(index.get(1001)).rejects.toMatchObject(refusal);
  const failed = await index.search(rows[1001]!, 1).catch((error: IndexingError) => error);
  expect(failed).toMatchObject({ code: 'MalformedFile', message: expect.stringContaining('row 1001') });
});

test.each(['process.exit', 'throw'] as const)(
  'a thread that dies by %s in a search is replaced, and the hits are right',
  async (fault) => {
    const { memory, file } = await savedIndex();
    const index = await loadInFile(file, { worker: faultyWorker });
    const expected = (await memory.searchBatch(queries, 9)).map(told);
    failAtBatch(fault, 2);
    expect((await index.searchBatch(queries, 9)).map(told)).toEqual(expected);
    expect(failures(1)).toBe(1);
    failAtBatch('process.exit', 1, 1000);
    await expect(index.searchBatch(queries, 9)).rejects.toMatchObject({ code: 'ThreadPanic' });
    failNowhere();
    expect((await index.searchBatch(queries, 9)).map(told)).toEqual(expected);
  },
);

test('100,000 equal rows: all are scored, in portions, and the first ones are the hits', async () => {
  const [row] = randomRows(1, DIMS, 5);
  const equal = positions(100_000).map((i) => (i % 1000 === 7 ? rows[i % COUNT]! : row!));
  const memory = await build<number>(equal);
  const file = join(folder, 'equal.safetensors');
  await memory.save(file);
  const index = await loadInFile(file);
  const hits = await index.search(row!, 50);
  expect(told(hits)).toEqual(told(await memory.search(row!, 50)));
  expect(hits.rowsScored).toBeGreaterThan(99_000);
  expect(index.memory.total).toBeLessThan(22 * 2 ** 20);
  const controller = new AbortController();
  const aborted = index.search(row!, 50, { signal: controller.signal });
  await pause(5);
  controller.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
});

test('where there is no memory to score in, every search is told, and the next ones are answered once there is', async () => {
  const { memory, file } = await savedIndex();
  const others = randomRows(2000, DIMS);
  const bytes = [await loadInFile(file), await build(others)].reduce((sum, index) => sum + index.memory.total, 0);
  // Room for two indexes, and for none of the memories of 4 MiB in which rows are scored.
  await using engine = new Engine({ threads: 2, maxMemoryBytes: bytes + 2 ** 21 });
  const index = await loadInFile(file, { engine, threadCount: undefined });
  const taken = await VectorIndex.build(others, { engine });
  const outcomes = await Promise.allSettled(queries.map((query) => index.search(query, 5)));
  expect(new Set(outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : 'answered')))).toEqual(
    new Set(['InsufficientMemory']),
  );
  await taken.dispose();
  for (const query of queries) expect(told(await index.search(query, 5))).toEqual(told(await memory.search(query, 5)));
  await index.dispose();
});

test('a build into a file that is killed leaves the file of before, and nothing once the next build is done', async () => {
  const { file, bytes } = await savedIndex();
  const own = async () => (await readdir(folder)).filter((name) => name.includes(basename(file)));
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('children/build-for-ever.mjs', import.meta.url)), file],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  // Some chunks are in the file by then.
  await once(child.stdout!, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await own()).toHaveLength(2);
  expect(new Uint8Array(await readFile(file))).toEqual(bytes);
  const index = await build<number>(rows, { rows: 'file', file });
  expect(await own()).toEqual([basename(file)]);
  expect((await index.search({ id: 5 }, 1)).ids).toEqual([5]);
});
