import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from '../src/system/run.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const tool = (name: string): string => `${root}node_modules/.bin/${name}`;

test.each([
  ['the types hold', [tool('tsc'), '--noEmit', '-p', `${root}tsconfig.test.json`]],
  ['the types of the page hold', [tool('tsc'), '-p', `${root}tsconfig.web.json`]],
  ['format and lint hold', [tool('biome'), 'check', root]],
  ['nothing is left unused', [tool('knip'), '--directory', root]],
] as const)(
  '%s',
  async (_, argv) => {
    const { code, stdout, stderr } = await run(argv, { timeoutMs: 120_000 });
    expect(code, `${stdout}\n${stderr}`).toBe(0);
  },
  130_000,
);
