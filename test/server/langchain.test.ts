/**
 * LangChain's QdrantVectorStore, as its documentation uses it, with an embedding that needs no model.
 */
import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { QdrantVectorStore } from '@langchain/qdrant';
import { expect, test } from 'vitest';
import { serve } from './serving.js';

/** Counts of letters: texts with the same words are near each other. */
class LetterEmbeddings extends Embeddings {
  constructor() {
    super({});
  }
  async embedQuery(text: string): Promise<number[]> {
    const counts = new Array<number>(26).fill(0);
    for (const letter of text.toLowerCase()) if (letter >= 'a' && letter <= 'z') counts[letter.charCodeAt(0) - 97]!++;
    return counts;
  }
  embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }
}

test('documents are added, searched, filtered and deleted', async () => {
  await using serving = await serve();
  const store = await QdrantVectorStore.fromExistingCollection(new LetterEmbeddings(), {
    url: serving.url,
    collectionName: 'documents',
  });
  const source = (pageContent: string, metadata: object) => new Document({ pageContent, metadata: { ...metadata } });
  const uuid = '11111111-2222-4333-8444-555555555555';
  await store.addDocuments([
    source('The powerhouse of the cell is the mitochondria', { source: 'biology' }),
    source('Buildings are made out of brick', { source: 'architecture' }),
    source('Mitochondria are made out of lipids', { source: 'biology' }),
  ]);
  await store.addDocuments([new Document({ id: uuid, pageContent: 'zzz', metadata: { source: 'sleep' } })]);

  const biology = { must: [{ key: 'metadata.source', match: { value: 'biology' } }] };
  const hits = await store.similaritySearch('made out of brick', 2, biology);
  expect(hits.map(({ pageContent }) => pageContent)).toEqual([
    'Mitochondria are made out of lipids',
    'The powerhouse of the cell is the mitochondria',
  ]);
  const [[best, score]] = (await store.similaritySearchWithScore('zz', 1)) as [[Document, number]];
  expect(best).toMatchObject({ id: uuid, pageContent: 'zzz', metadata: { source: 'sleep' } });
  expect(score).toBeCloseTo(1, 6);
  const diverse = await store.maxMarginalRelevanceSearch('made out of brick', { k: 2, fetchK: 4, lambda: 0.5 });
  expect(diverse[0]!.pageContent).toBe('Buildings are made out of brick');
  expect(diverse).toHaveLength(2);

  await store.delete({ ids: [uuid] });
  await store.delete({ filter: biology });
  const left = await store.similaritySearch('anything', 10);
  expect(left.map(({ pageContent }) => pageContent)).toEqual(['Buildings are made out of brick']);
});
