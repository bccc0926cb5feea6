import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bundle = join(root, 'dist/bundle');
const AWS = /@aws-sdk|@smithy|EC2Client/;

/** Every file that is loaded before a command asks for more: what is imported statically, from the entry on. */
function loadedAtStart(entry: string): readonly string[] {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, path = ''] of text.matchAll(/^(?:import|export)\b[^;'"]*?["'](\.[^"']+\.[jt]s)["']/gm))
      visit(join(dirname(file), path));
  };
  visit(entry);
  return [...found];
}

test('the AWS SDK is in files of its own, which no command loads that does not ask EC2', () => {
  const start = loadedAtStart(join(bundle, 'main.js'));
  expect(start.length).toBeGreaterThan(1);
  expect(start.filter((file) => AWS.test(readFileSync(file, 'utf8')))).toEqual([]);
  const all = readdirSync(bundle).filter((name) => name.endsWith('.js'));
  expect(all.some((name) => AWS.test(readFileSync(join(bundle, name), 'utf8')))).toBe(true);
});

test('nor do the sources', () => {
  const start = loadedAtStart(join(root, 'src/cli/main.ts'));
  expect(start.length).toBeGreaterThan(20);
  expect(start.filter((file) => AWS.test(readFileSync(file, 'utf8')))).toEqual([]);
});
