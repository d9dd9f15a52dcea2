import { describe, expect, it } from 'vitest';
import { caseName, selectCases } from '../../bench/suite/cases.js';

function namesOf(patterns: readonly string[], quick = false): readonly string[] {
  return selectCases(patterns, quick).flatMap(({ operation, dims, variants }) =>
    variants.map((variant) => caseName(operation, dims, variant)),
  );
}

describe('selectCases', () => {
  it('gives every operation but graph, every size and variant without patterns', () => {
    expect(namesOf([])).toHaveLength(4 * 9 * 4 + 2 * 9 * 2);
    expect(new Set(namesOf([])).size).toBe(4 * 9 * 4 + 2 * 9 * 2);
  });

  it('gives two sizes with quick', () => {
    expect(namesOf([], true)).toHaveLength(4 * 2 * 4 + 2 * 2 * 2);
    expect(new Set(selectCases([], true).map(({ dims }) => dims))).toEqual(new Set([128, 768]));
  });

  it('takes names, and * for anything in them', () => {
    expect(namesOf(['sort/384/simd'])).toEqual(['sort/384/simd']);
    expect(namesOf(['sort/128/*'])).toEqual([
      'sort/128/javascript',
      'sort/128/scalar',
      'sort/128/simd',
      'sort/128/threads',
    ]);
    expect(namesOf(['*/64/threads'])).toEqual([
      'magnitude/64/threads',
      'normalize/64/threads',
      'sort/64/threads',
      'pipeline/64/threads',
      'calls/64/threads',
      'search/64/threads',
      'graph/64/threads',
    ]);
    expect(namesOf(['graph/128/*'])).toEqual(['graph/128/javascript', 'graph/128/threads']);
  });

  it('gives a case once that several patterns match', () => {
    expect(namesOf(['sort/128/simd', 'sort/128/s*'])).toEqual(['sort/128/scalar', 'sort/128/simd']);
  });

  it('lets patterns choose sizes that quick would leave out', () => {
    expect(namesOf(['sort/2048/simd'], true)).toEqual(['sort/2048/simd']);
  });

  it('refuses a pattern without a case in a sentence that lists what there is', () => {
    for (const pattern of ['calls/128/simd', 'sort/100/simd', 'sort', '', 'sort/128/.*', 'SORT/128/simd']) {
      expect(() => selectCases(['*', pattern], false)).toThrow(
        'case must be operation/dims/variant, with * for anything: operations magnitude, normalize, sort, pipeline, calls, search, graph; ' +
          'dims 64, 128, 256, 384, 512, 768, 1024, 1536, 2048; variants javascript, scalar, simd, threads, of calls, search and graph javascript and threads, ' +
          `got ${JSON.stringify(pattern)}`,
      );
    }
  });
});
