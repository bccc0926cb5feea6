/**
 * A word of a command line in a unit file (systemd.service(5), COMMAND LINES): quoted where it has to be, with specifiers and
 * variables taken literally.
 */
export function quoted(word: string): string {
  const literal = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[\w@%+=:,./$-]+$/.test(literal)) return literal;
  return `"${literal.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
}
