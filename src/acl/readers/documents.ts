import { type Documents, doubled } from './doubled-key.ts';
import { duplicateKeys } from './json-duplicates.ts';
import { placeAt, readJsonDocuments } from './json-text.ts';
import { aclFileError } from './problem.ts';
import { readYamlDocuments } from './yaml-text.ts';

/** JSON longer than this is no template, and is not searched for doubled keys. */
const LONGEST_SEARCHED = 8 * 1024 * 1024;

/** Reads JSON (one document or many), a JSON string that holds a document, or YAML. Throws ACL_FILE. */
export function readDocuments({ name, text }: { name: string; text: string }): Documents {
  const start = /\S/.exec(text)?.[0];
  if (start === '"') return readDocuments({ name, text: unquoted(name, text) });
  if (start !== '{' && start !== '[') return readYamlDocuments({ name, text });
  const documents = readJsonDocuments({ name, text });
  const duplicates = text.length <= LONGEST_SEARCHED ? duplicateKeys(text) : [];
  return {
    documents,
    warnings: duplicates.map(({ key, first, second }) =>
      doubled(key, placeAt(name, text, first).file, placeAt(name, text, second).file),
    ),
  };
}

/** A query of a template's body prints it as one JSON string. */
function unquoted(name: string, text: string): string {
  const place = { file: name, path: '' };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string' && !value.trimStart().startsWith('"')) return value;
  } catch {
    // Falls through to the one error for both.
  }
  throw aclFileError(place, 'this is not JSON', 'write the file anew with the program that made it');
}
