import { PortfenceError } from '../errors.ts';
import { type Fields, fields, list, parseJson } from './untrusted.ts';

/** Kind (`chain`, `rule`, `set`, ...) and fields of each object of an `nft -j` listing (libnftables-json(5)), in its order. */
export function readNftObjects(json: string): (readonly [kind: string, object: Fields])[] {
  const root = fields(parseJson(json, 'nft -j'))['nftables'];
  if (!Array.isArray(root)) {
    throw new PortfenceError('SYSTEM', 'nft -j answered no list of objects', {
      hint: 'portfence needs nftables 0.9.1 with JSON support, or newer',
    });
  }
  return list(root).flatMap((entry) =>
    Object.entries(fields(entry)).map(([kind, object]) => [kind, fields(object)] as const),
  );
}
