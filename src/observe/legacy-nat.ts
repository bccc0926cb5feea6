import { FAMILIES, type Family } from '../ports.ts';
import type { System } from '../system/system.ts';

const LEGACY = {
  ipv4: { tables: '/proc/net/ip_tables_names', tool: 'iptables-legacy' },
  ipv6: { tables: '/proc/net/ip6_tables_names', tool: 'ip6tables-legacy' },
} as const satisfies Record<Family, { tables: string; tool: string }>;

/**
 * Families whose iptables-legacy has a nat table in this network namespace (`/proc/net/ip_tables_names`, x_tables.c). The
 * file is asked first because the tool makes the table by merely looking at it. None where the file may not be read.
 */
export async function legacyNatTables(system: System): Promise<Family[]> {
  const has = await Promise.all(
    FAMILIES.map(async (family) => {
      const tables = await system.readText(LEGACY[family].tables).catch(() => undefined);
      return tables?.split('\n').includes('nat') ?? false;
    }),
  );
  return FAMILIES.filter((_, i) => has[i]);
}

/** Of the families with a legacy nat table, those in which it gives connections another source. */
export async function legacyMasquerade(system: System, families: readonly Family[]): Promise<Family[]> {
  const found = await Promise.all(
    families.map(async (family) => {
      const rules = await system.run([LEGACY[family].tool, '-w', '2', '-t', 'nat', '-S', 'POSTROUTING']);
      return rules.code === 0 && mapsSources(rules.stdout);
    }),
  );
  return families.filter((_, i) => found[i]);
}

/** Reads `iptables -S POSTROUTING`. */
export function mapsSources(rules: string): boolean {
  return rules.split('\n').some((rule) => / -j (?:MASQUERADE|SNAT)(?: |$)/.test(rule));
}

/** The text of all nat rules of iptables-legacy without their counts, empty where it has none. Throws nothing. */
export async function legacyNatRules(system: System): Promise<string> {
  const families = await legacyNatTables(system);
  const saved = await Promise.all(
    families.map((family) => system.run([`${LEGACY[family].tool}-save`, '-t', 'nat'], { timeoutMs: 10_000 })),
  );
  return saved.map(({ stdout }) => stdout.replaceAll(/^#.*$|\[\d+:\d+\]/gm, '')).join('');
}
