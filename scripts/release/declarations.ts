import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Declarations } from '../../src/packaging/declarations.ts';
import { must, root } from './project.ts';

/** Has the compiler write the declarations of src/api and of all it imports; paths are as under src. */
export async function declarations(): Promise<Declarations> {
  const folder = mkdtempSync(join(tmpdir(), 'portfence-types-'));
  try {
    await must([join(root, 'node_modules/.bin/tsc'), '-p', join(root, 'tsconfig.types.json'), '--outDir', folder]);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    return new Map(files.sort().map((file) => [relative(folder, file), readFileSync(file, 'utf8')]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
