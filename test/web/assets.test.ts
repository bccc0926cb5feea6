import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { ASSETS } from '../../src/web/assets.ts';
import { expectGolden } from '../support/goldens.ts';

const client = (name: string): string => fileURLToPath(new URL(`../../src/web/client/${name}`, import.meta.url));

test('the page that is served is made of its sources', async () => {
  const bundle = await rolldown({ input: client('dashboard.ts') });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  const made = {
    page: readFileSync(client('page.html'), 'utf8'),
    script: output[0].code,
    style: readFileSync(client('page.css'), 'utf8'),
  };
  expectGolden(
    fileURLToPath(new URL('../../src/web/assets.json', import.meta.url)),
    `${JSON.stringify(made, null, 2)}\n`,
  );
});

test('the page loads nothing from elsewhere, has nothing inline, and is small', () => {
  const { page, script, style } = ASSETS;
  expect(page).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|style=|https?:/);
  expect(script).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|eval\(/);
  expect(style).not.toMatch(/url\(|@import/);
  expect(gzipSync(page + script + style).length).toBeLessThan(100_000);
});
