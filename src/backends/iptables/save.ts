import { scrub } from '../../scrub.ts';

/** One rule as `iptables-save -c` writes it. */
export interface SavedRule {
  readonly chain: string;
  /** Without its chain: `-o eth0 -j ACCEPT`. */
  readonly text: string;
  readonly comment: string | undefined;
  readonly packets: number;
  readonly bytes: number;
}

export interface SavedTable {
  readonly name: string;
  /** Own chains have no policy. */
  readonly chains: readonly { readonly name: string; readonly policy: string | undefined }[];
  readonly rules: readonly SavedRule[];
}

/** Reads `iptables-save -c` (iptables-save(8)), in its order. What is none of its lines is passed over. */
export function readSave(text: string): readonly SavedTable[] {
  const tables: { name: string; chains: SavedTable['chains'][number][]; rules: SavedRule[] }[] = [];
  for (const line of text.split('\n')) {
    const table = tables.at(-1);
    if (line.startsWith('*')) tables.push({ name: scrub(line.slice(1)), chains: [], rules: [] });
    else if (table && line.startsWith(':')) {
      const [name, policy] = line.slice(1).split(' ');
      if (name) table.chains.push({ name: scrub(name), policy: policy === '-' ? undefined : scrub(policy ?? '') });
    } else if (table) {
      const rule = readRule(line);
      if (rule) table.rules.push(rule);
    }
  }
  return tables;
}

function readRule(line: string): SavedRule | undefined {
  const match = /^(?:\[(\d{1,20}):(\d{1,20})\] )?-A (\S+)(?: (.*))?$/.exec(line);
  if (!match) return undefined;
  const [, packets, bytes, chain, words] = match;
  const text = scrub(words ?? '');
  return {
    chain: scrub(chain ?? ''),
    text,
    comment: commentIn(text),
    packets: Number(packets ?? 0),
    bytes: Number(bytes ?? 0),
  };
}

function commentIn(text: string): string | undefined {
  const match = /-m comment --comment (?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(text);
  return match?.[1]?.replaceAll(/\\(.)/g, '$1') ?? match?.[2];
}
