import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { AclInventory } from '../../../src/acl/model.ts';
import { readAclFiles } from '../../../src/acl/readers/read.ts';
import { expectGolden } from '../../support/goldens.ts';
import { documents } from '../documents.ts';

/** An inventory as people can check it: an entry a line. */
function shown({ acls, subnets, unjudged, absent = [], warnings = [] }: AclInventory): string {
  const lines = acls.map((acl) => {
    const entries = acl.entries.map((entry) => `      ${JSON.stringify(entry)}`);
    const rules = entries.length === 0 ? '[]' : `[\n${entries.join(',\n')}\n    ]`;
    return `    ${JSON.stringify({ ...acl, entries: 0 }).replace('"entries":0', `"entries":${rules}`)}`;
  });
  const list = (all: readonly unknown[]) =>
    all.length === 0 ? '[]' : `[\n${all.map((one) => `    ${JSON.stringify(one)}`).join(',\n')}\n  ]`;
  return `{\n  "acls": [\n${lines.join(',\n')}\n  ],\n  "subnets": ${list(subnets)},\n  "unjudged": ${list(unjudged)},\n  "absent": ${list(absent)},\n  "warnings": ${list(warnings)}\n}\n`;
}

test.each(documents().map(({ name, text }) => [name, text] as const))('%s is read as expected', (name, text) => {
  const inventory = readAclFiles([{ name, text }]);
  const file = fileURLToPath(new URL(`../fixtures/${name}.golden`, import.meta.url));
  expect(JSON.parse(shown(inventory))).toEqual({ absent: [], warnings: [], ...JSON.parse(JSON.stringify(inventory)) });
  expectGolden(file, shown(inventory));
});
