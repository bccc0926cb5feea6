import { type PortSet, portsText } from '../../ports.ts';

/** `443`, `49152-61000`, or an anonymous set of several. */
export function portsExpression(ports: PortSet): string {
  return ports.length === 1 ? portsText(ports) : `{ ${portsText(ports, ', ')} }`;
}

export function listExpression(words: readonly string[]): string {
  return words.length === 1 ? String(words[0]) : `{ ${words.join(', ')} }`;
}

export const NETWORK = { ipv4: 'ip', ipv6: 'ip6' } as const;

const quoted = (names: readonly string[]): readonly string[] => names.map((name) => `"${name}"`);

/** Whole names in one anonymous set, each wildcard by itself. */
export function interfaceTexts(key: 'iifname' | 'oifname', names: readonly string[]): readonly string[] {
  const whole = quoted(names.filter((name) => !name.endsWith('*')));
  const wildcards = quoted(names.filter((name) => name.endsWith('*')));
  return [...(whole.length > 0 ? [listExpression(whole)] : []), ...wildcards].map((words) => `${key} ${words}`);
}

/** None of the names: one question after the other. */
export function exceptInterfaces(key: 'iifname' | 'oifname', names: readonly string[]): string {
  const whole = quoted(names.filter((name) => !name.endsWith('*')));
  const wildcards = quoted(names.filter((name) => name.endsWith('*')));
  return [...(whole.length > 0 ? [listExpression(whole)] : []), ...wildcards]
    .map((words) => `${key} != ${words}`)
    .join(' ');
}
