import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDERS = [new URL('fixtures/', import.meta.url), new URL('../../examples/acl/', import.meta.url)];

/** The documents that are checked in, expected inventories left out. */
export function documents(): readonly { name: string; text: string }[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => !name.endsWith('.golden') && !name.endsWith('.md'))
      .map((name) => ({ name, text: readFileSync(fileURLToPath(new URL(name, folder)), 'utf8') })),
  );
}
