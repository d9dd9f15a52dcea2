export function calculateOptimalBatchSize(total: number, threads: number, _mean: number | undefined): number {
  return Math.max(Math.floor(total / threads), 50);
}
