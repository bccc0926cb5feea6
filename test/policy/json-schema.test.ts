import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { policyJsonSchema } from '../../src/policy/json-schema.ts';

const GOLDEN = new URL('../../schema/policy.schema.json', import.meta.url);

test('the checked-in JSON Schema is the one that the policy schema generates', () => {
  const text = `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
  if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(GOLDEN, text);
  expect(text).toBe(readFileSync(GOLDEN, 'utf8'));
});
