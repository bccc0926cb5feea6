import { FAMILIES, type Family } from '../../ports.ts';
import { headerOf } from './render.ts';
import { VARIANTS, type Variant } from './rules.ts';

/** The rules of one table, read back from the commands that make it. */
export interface CreatedTable {
  readonly table: string;
  readonly chains: readonly { readonly name: string; readonly rules: readonly string[] }[];
}

export interface Section {
  readonly family: Family;
  readonly variant: Variant;
  readonly lines: readonly string[];
}

/** The lines of each program, by the comment line that begins them; whatever comes before the first goes with the first. */
export function sections(lines: readonly string[]): readonly Section[] {
  const all: { family: Family; variant: Variant; lines: string[] }[] = [];
  const before: string[] = [];
  for (const line of lines) {
    const begun = beginning(line);
    if (begun) all.push({ ...begun, lines: [...before.splice(0), line] });
    else (all.at(-1)?.lines ?? before).push(line);
  }
  return all;
}

function beginning(line: string): { family: Family; variant: Variant } | undefined {
  if (!line.startsWith('# ip')) return undefined;
  const all = FAMILIES.flatMap((family) => VARIANTS.map((variant) => ({ family, variant })));
  return all.find(({ family, variant }) => headerOf(family, variant) === line);
}

/** Reads a section of `creation`. */
export function createdTables({ lines }: Section): readonly CreatedTable[] {
  const tables: { table: string; chains: { name: string; rules: string[] }[] }[] = [];
  for (const line of lines) {
    const chains = tables.at(-1)?.chains;
    const [word, name] = line.split(' ', 2);
    if (line.startsWith('*')) tables.push({ table: line.slice(1), chains: [] });
    else if (line.startsWith(':')) chains?.push({ name: word?.slice(1) ?? '', rules: [] });
    else if (word === '-A') chains?.find((chain) => chain.name === name)?.rules.push(line);
  }
  return tables;
}
