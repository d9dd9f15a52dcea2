// The graph kernel: pure functions of the imported memory, as those of index.ts are. A module of its own: only indexes with a
// graph load it.
export { encode } from './graph/encode';
export { beginInsert, insert } from './graph/insert';
export { mend } from './graph/mend';
export { begin, search } from './graph/search';
