// Keeps an index in the browser: in the origin's private file system (OPFS), or in IndexedDB where a browser cannot write there.
import { VectorIndex } from 'simdex';

/** Saves an index under a name. What was kept under it before is replaced whole, or stays. */
export async function keepInFiles(index: VectorIndex, name: string): Promise<void> {
  const folder = await navigator.storage.getDirectory();
  const file = await folder.getFileHandle(name, { create: true });
  // Takes the place of the file when it is closed.
  const writable = await file.createWritable();
  await writable.write(index.toBytes());
  await writable.close();
}

/** Loads the index that was kept, its rows left in the file; undefined where there is none. */
export async function loadFromFiles(name: string): Promise<VectorIndex | undefined> {
  const folder = await navigator.storage.getDirectory();
  try {
    const handle = await folder.getFileHandle(name);
    return await VectorIndex.load(await handle.getFile(), { rows: 'file' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}

/** The same in IndexedDB. */
export async function keepInDatabase(index: VectorIndex, name: string): Promise<void> {
  const database = await openDatabase();
  const transaction = database.transaction('indexes', 'readwrite');
  transaction.objectStore('indexes').put(new Blob([index.toBytes()]), name);
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  database.close();
}

/** undefined where there is none. */
export async function loadFromDatabase(name: string): Promise<VectorIndex | undefined> {
  const database = await openDatabase();
  const request = database.transaction('indexes').objectStore('indexes').get(name);
  const blob: unknown = await answerOf(request);
  database.close();
  return blob instanceof Blob ? VectorIndex.load(blob) : undefined;
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open('simdex', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('indexes');
  return answerOf(request);
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
