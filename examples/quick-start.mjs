import { VectorIndex } from 'simdex';

const [east, north, up] = [new Float32Array([1, 0, 0]), new Float32Array([0, 1, 0]), new Float32Array([0, 0, 1])];
const index = await VectorIndex.build([east, north, up], { ids: ['east', 'north', 'up'] });
await index.upsert([[1, 1, 0]], { ids: ['north-east'] });

const { ids, scores } = await index.search([2, 3, 0], 2);
console.log(ids, scores);

await index.save('compass.safetensors'); // VectorIndex.load reads it back
await index.dispose();
