import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { declarations } from '../../scripts/release/declarations.ts';
import { apiPage, ENTRIES } from '../../src/packaging/api-page.ts';
import { exportsOf, published } from '../../src/packaging/declarations.ts';
import { expectGolden } from '../support/goldens.ts';

const all = await declarations();

test('docs/api.md shows every export of the API', () => {
  expectGolden(fileURLToPath(new URL('../../docs/api.md', import.meta.url)), apiPage(all));
});

test.each(ENTRIES)('every export of portfence/%s has a declaration, and every function a contract', (name) => {
  const found = exportsOf(all, `api/${name}.d.ts`);
  expect(found.length).toBeGreaterThan(5);
  expect(found.filter(({ text }) => text === '')).toEqual([]);
});

test('the published declarations import no other package', () => {
  const entries = ENTRIES.map((name) => `api/${name}.d.ts`);
  const texts = [...published(all, entries)].filter(([, text]) => /(?:from|import\() *['"][^.]/.test(text));
  expect(texts.map(([path]) => path)).toEqual([]);
});
