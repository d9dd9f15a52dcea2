import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test("the platform's own symbol is used where there is one", async () => {
  const { disposeSymbol } = await import('../../src/base/dispose-symbol.js');
  expect(disposeSymbol).toBe(Symbol.dispose);
});

test('elsewhere it is the one that compiled code looks for', async () => {
  const platform = Symbol;
  const { dispose: _, ...older } = Object.getOwnPropertyDescriptors(platform);
  vi.stubGlobal(
    'Symbol',
    Object.defineProperties((description?: string) => platform(description), older),
  );
  const { disposeSymbol } = await import('../../src/base/dispose-symbol.js');
  vi.unstubAllGlobals();
  expect(disposeSymbol).toBe(Symbol.for('Symbol.dispose'));
});
