/**
 * Who is told of what collections do: the server's monitor. Times are those of `performance.now()`.
 */
export interface CollectionWatch {
  /** Vectors were stored, and searches see them. */
  stored(vectors: number, startedAtMs: number): void;
  /** Queries were answered together. */
  searched(queries: number, startedAtMs: number): void;
  /** A commit is on the disk. */
  committed(elapsedMs: number): void;
}
