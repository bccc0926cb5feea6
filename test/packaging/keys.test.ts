import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { expiringKeys, keysOf } from '../../src/packaging/repository.ts';
import { run } from '../../src/system/run.ts';

const KEYS = fileURLToPath(new URL('../../packaging/keys/', import.meta.url));
const DAY = 86_400;
const listing = (expires: string) =>
  ['tru::1:1:0:3:1:5', `pub:u:3072:1:0123456789ABCDEF:1700000000:${expires}::u:::scESC::::::23::0:`].join('\n') +
  '\nfpr:::::::::00112233445566778899AABBCCDDEEFF00112233:\nuid:u::::1700000000::0::portfence::::::::::0:\n';

test('a key is named 180 days before it expires, and not a day earlier', () => {
  const [key] = keysOf(listing('1800000000'));
  expect(key).toEqual({ fingerprint: '00112233445566778899AABBCCDDEEFF00112233', expires: 1_800_000_000 });
  const at = (days: number) => expiringKeys(key ? [key] : [], 1_800_000_000 - days * DAY);
  expect(at(180)).toEqual([]);
  expect(at(179)).toEqual([expect.stringContaining('expires in 179 days')]);
  expect(at(-1)).toEqual([expect.stringContaining('has expired')]);
  expect(expiringKeys(keysOf(listing('')), 4_000_000_000)).toEqual([]);
});

test('no key that repositories are signed with expires within 180 days', async () => {
  const files = readdirSync(KEYS).filter((name) => name.endsWith('.asc'));
  for (const name of files) {
    const shown = ['gpg', '--batch', '--with-colons', '--show-keys'] as const;
    const { code, stdout } = await run(shown, { input: readFileSync(KEYS + name, 'utf8') });
    expect([code, keysOf(stdout).length]).toEqual([0, 1]);
    expect(expiringKeys(keysOf(stdout), Date.now() / 1000)).toEqual([]);
  }
});
