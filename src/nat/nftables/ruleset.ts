import { PortfenceError } from '../../errors.ts';
import { type Fields, fields, list, oneOrMore, text, whole } from './json.ts';

/** A table as `nft -j list ruleset` tells it; rules are lists of statements in JSON (libnftables-json(5)). */
export interface NftTable {
  readonly family: string;
  readonly name: string;
  readonly handle: number;
  readonly isDormant: boolean;
  readonly chains: Map<string, NftChain>;
  /** Elements of named sets and maps. */
  readonly sets: Map<string, NftSet>;
}

export interface NftChain {
  readonly name: string;
  readonly handle: number;
  /** Set where the kernel calls it. */
  readonly base:
    | { readonly type: string; readonly hook: string; readonly priority: number; readonly drops: boolean }
    | undefined;
  readonly rules: NftRule[];
}

export interface NftRule {
  readonly statements: readonly unknown[];
  readonly comment: string | undefined;
}

export interface NftSet {
  readonly elements: readonly unknown[];
  /** Packets or time change it, so that what it holds now says nothing about the next packet. */
  changes: boolean;
}

/** The tables of a listing in its order. Throws SYSTEM where the text is no listing of nft. */
export function readTables(json: string): readonly NftTable[] {
  const tables = new Map<string, NftTable>();
  for (const entry of listed(json)) {
    for (const [kind, object] of Object.entries(fields(entry))) take(tables, kind, fields(object));
  }
  for (const table of tables.values()) markChangingSets(table);
  return [...tables.values()];
}

function listed(json: string): readonly unknown[] {
  const hint = 'portfence needs nftables 0.9.1 with JSON support, or newer';
  try {
    const objects = fields(JSON.parse(json))['nftables'];
    if (Array.isArray(objects)) return objects;
  } catch (cause) {
    throw new PortfenceError('SYSTEM', 'nft -j list ruleset did not answer in JSON', { hint, cause });
  }
  throw new PortfenceError('SYSTEM', 'nft -j list ruleset answered no list of objects', { hint });
}

function take(tables: Map<string, NftTable>, kind: string, object: Fields): void {
  const [family, name] = [text(object['family']), text(object['name'])];
  if (kind === 'table') {
    if (family === undefined || name === undefined) return;
    const isDormant = oneOrMore(object['flags']).includes('dormant');
    const handle = whole(object['handle']) ?? 0;
    tables.set(`${family} ${name}`, { family, name, handle, isDormant, chains: new Map(), sets: new Map() });
    return;
  }
  const table = tables.get(`${family} ${text(object['table'])}`);
  if (table === undefined) return;
  if (kind === 'chain' && name !== undefined) table.chains.set(name, readChain(name, object));
  if ((kind === 'set' || kind === 'map') && name !== undefined) {
    const changes = oneOrMore(object['flags']).some((flag) => flag === 'timeout' || flag === 'dynamic');
    table.sets.set(name, { elements: list(object['elem']), changes });
  }
  if (kind === 'rule') {
    const statements = list(object['expr']);
    table.chains.get(text(object['chain']) ?? '')?.rules.push({ statements, comment: text(object['comment']) });
  }
}

function readChain(name: string, object: Fields): NftChain {
  const [type, hook, priority] = [text(object['type']), text(object['hook']), whole(object['prio'])];
  const isBase = type !== undefined && hook !== undefined && priority !== undefined;
  const base = isBase ? { type, hook, priority, drops: object['policy'] === 'drop' } : undefined;
  return { name, handle: whole(object['handle']) ?? 0, base, rules: [] };
}

/** nft does not list the flag `dynamic` of every set, so the rules that fill sets are looked at. */
function markChangingSets({ chains, sets }: NftTable): void {
  for (const { rules } of chains.values()) {
    for (const statement of rules.flatMap(({ statements }) => statements)) {
      for (const kind of ['set', 'map']) {
        const name = text(fields(fields(statement)[kind])[kind]);
        const set = name?.startsWith('@') ? sets.get(name.slice(1)) : undefined;
        if (set) set.changes = true;
      }
    }
  }
}
