/**
 * Ends when nothing keeps it any more; the argument says what it leaves behind. Prints what it got done.
 */
import { Engine, MonitoredParallelIndexer, ParallelIndexer, VectorIndex } from '../../../dist/index.node.js';

const left = process.argv[2];
const indexer = new ParallelIndexer(2);
const vectors = { data: new Float32Array(1e6).fill(1), dims: 4 };

function print(result) {
  console.log(JSON.stringify({ indexed: result?.indexedCount ?? 0 }));
}

switch (left) {
  case 'a new indexer':
    print();
    break;
  case 'a ready indexer':
    await indexer.ready();
    print();
    break;
  case 'an idle indexer':
    print(await indexer.indexVectors(vectors));
    break;
  case 'an aborted run':
    await indexer.indexVectors(vectors, { signal: AbortSignal.timeout(1) }).catch(() => undefined);
    print();
    break;
  case 'a run nobody waits for':
    indexer.indexVectors(vectors).then(print);
    break;
  case 'waiting runs':
    indexer.indexVectors(vectors);
    indexer.indexVectors(vectors);
    indexer.indexVectors(vectors).then(print);
    break;
  case 'a disposed indexer':
    print(await indexer.indexVectors(vectors));
    await indexer.dispose();
    break;
  case 'a ready engine': {
    const engine = new Engine({ threads: 2 });
    await engine.ready();
    print();
    break;
  }
  case 'an engine that indexers shared': {
    const engine = new Engine({ threads: 2 });
    const indexers = [1, 2].map(() => new ParallelIndexer(2, { engine }));
    const results = await Promise.all(indexers.map((one) => one.indexVectors(vectors)));
    await indexers[0].dispose();
    print(results[1]);
    break;
  }
  case 'an index': {
    const index = await VectorIndex.build(vectors, { metric: 'dot' });
    await index.search([1, 1, 1, 1], 3);
    print({ indexedCount: index.size });
    break;
  }
  case 'an index whose source never answers':
    VectorIndex.build({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) });
    print();
    break;
  case 'a stream whose source never answers':
    new MonitoredParallelIndexer(2)
      .indexStream({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) })
      [Symbol.asyncIterator]()
      .next();
    print();
    break;
  case 'a real-time monitor': {
    const monitored = new MonitoredParallelIndexer(2);
    const reader = monitored.enableRealTimeMonitoring().updates();
    print(await monitored.indexVectorsMonitored(vectors));
    (async () => {
      for (;;) await reader.next();
    })();
    break;
  }
}
