export class IndexingPerformanceReport {}
