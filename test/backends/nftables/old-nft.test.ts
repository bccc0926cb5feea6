import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** What nft 1.0.2 does not know or gets wrong, as a line of a ruleset would use it. */
const NEWER_THAN_1_0_2: Readonly<Record<string, RegExp>> = {
  'a set of interface names, which is never looked up ("Byteorder mismatch")': /^add (?:set|map) .*\b[io]?ifname\b/,
  'a wildcard among other elements ("conflicting intervals specified")': /\{[^}]*"[^"]*\*"[^}]*\}/,
  'a command that 1.0.6 does not have yet': /^destroy /,
};

const newerThan102 = (line: string): readonly string[] => {
  const rule = line.replace(/ comment "[^"]*"$/, '');
  return Object.keys(NEWER_THAN_1_0_2).filter((what) => NEWER_THAN_1_0_2[what]?.test(rule));
};

const root = fileURLToPath(new URL('../../../examples/', import.meta.url));
const rulesets = readdirSync(root).filter((name) => existsSync(`${root}${name}/expected.nft`));

test.each(rulesets)('the ruleset of %s uses nothing that nft 1.0.2 does not take', (name) => {
  const lines = readFileSync(`${root}${name}/expected.nft`, 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(50);
  expect(lines.filter((line) => newerThan102(line).length > 0)).toEqual([]);
});

test.each([
  'add set inet portfence uplinks { type ifname; flags interval; }',
  'add set inet portfence uplinks { typeof oifname; }',
  'add map inet portfence origin { type ifname : verdict; }',
  'add rule inet portfence confine oifname { "eth0", "ens*" } accept comment "a"',
  'destroy table inet portfence',
])('this is found: %s', (line) => {
  expect(newerThan102(line)).toHaveLength(1);
});

test.each([
  'add rule inet portfence confine oifname "ens*" accept',
  'add rule inet portfence confine oifname { "eth0", "eth1" } accept comment "{ \'ens*\' }"',
  'add set inet portfence exempt_ipv4 { type ipv4_addr; flags interval; }',
])('this is fine: %s', (line) => {
  expect(newerThan102(line)).toEqual([]);
});
