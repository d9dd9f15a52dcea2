import { readVectors, VectorIndex } from 'simdex';

document.querySelector('input').addEventListener('change', async ({ target }) => {
  const index = await VectorIndex.build(readVectors(target.files[0]));
  const [first] = index.ids();
  const { ids, scores } = await index.search({ id: first }, 3);
  document.querySelector('output').textContent = ids.map((id, i) => `${id}: ${scores[i].toFixed(3)}`).join(', ');
  await index.dispose();
});
