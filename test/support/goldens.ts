import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { expect } from 'vitest';

/** Compares a text with a file that is checked in; UPDATE_GOLDENS=1 writes the file instead. */
export function expectGolden(path: string, text: string): void {
  if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}
