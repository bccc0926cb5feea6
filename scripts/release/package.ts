/** Builds what the npm package holds beside the command line: dist/api with its types. Runs before npm packs. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { ENTRIES } from '../../src/packaging/api-page.ts';
import { published } from '../../src/packaging/declarations.ts';
import { declarations } from './declarations.ts';
import { dist, root } from './project.ts';

const types = join(dist, 'types');
rmSync(types, { recursive: true, force: true });
const entries = ENTRIES.map((name) => `api/${name}.d.ts`);
for (const [path, text] of published(await declarations(), entries)) {
  mkdirSync(dirname(join(types, path)), { recursive: true });
  writeFileSync(join(types, path), text);
}
const library = join(dist, 'library');
rmSync(library, { recursive: true, force: true });
const input = Object.fromEntries(ENTRIES.map((name) => [name, join(root, `src/api/${name}.ts`)]));
const bundle = await rolldown({ input, platform: 'node', logLevel: 'warn' });
await bundle.write({ dir: library, format: 'esm' });
await bundle.close();
