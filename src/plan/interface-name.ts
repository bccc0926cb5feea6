/**
 * Whether a rule can name the interface. The kernel itself forbids only `/`, `:`, blanks and more than 15 bytes
 * (dev_valid_name in net/core/dev.c); quotes and backslashes would end nft's string, and a `*` would be a wildcard.
 */
export function isInterfaceName(name: string): boolean {
  return /^[^\s/:"\\*\p{C}]{1,15}$/u.test(name);
}
