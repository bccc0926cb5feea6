import { stringify } from 'yaml';
import type { Manifest } from '../kubernetes/manifest.ts';

/** Manifests as a stream of YAML documents, or where they were written. */
export function manifestsText(
  manifests: readonly Manifest[],
  { part, out }: { readonly part: string; readonly out: string | undefined },
): { json: unknown; text: readonly string[] } {
  const objects = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  return {
    json: { part, objects, ...(out === undefined ? { manifests } : { out }) },
    text: out === undefined ? yamlLines(manifests) : [`wrote ${out}: ${objects.join(', ')}`],
  };
}

/** A stream of YAML documents. */
export function yamlLines(manifests: readonly Manifest[]): readonly string[] {
  return manifests.flatMap((one) => ['---', ...stringify(one, { lineWidth: 0 }).trimEnd().split('\n')]);
}
