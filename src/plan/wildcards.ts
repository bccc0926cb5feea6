/** Whether an interface name fits a name or a wildcard that ends in `*`. */
export function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

export function fitsAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => fits(pattern, name));
}

/** Sorted, without repeats, and without what a wildcard of the list covers already (nft refuses overlapping elements). */
export function distinct(patterns: readonly string[]): readonly string[] {
  const all = [...new Set(patterns)];
  const wildcards = all.filter((one) => one.endsWith('*')).map((one) => ({ one, prefix: one.slice(0, -1) }));
  return all.filter((one) => !wildcards.some((other) => other.one !== one && one.startsWith(other.prefix))).sort();
}
