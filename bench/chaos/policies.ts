import { type PortSet, portSet, portsText } from '../../src/ports.ts';

/** What the policy says in turn: the ACL lets all of it back in, and every one allows 50000-54999. */
const VARIANTS: readonly PortSet[] = [
  portSet({ from: 49_152, to: 61_000 }),
  portSet({ from: 50_000, to: 60_000 }),
  portSet({ from: 49_152, to: 54_999 }, { from: 56_000, to: 61_000 }),
];

/** The policy file; `host: all` so that every port that a program of the host binds from 1024 up has to be mapped. */
export function policyText(variant: number, guard: 'count' | 'drop'): string {
  const ports = VARIANTS[variant % VARIANTS.length] ?? [];
  return `version: 1\nports: [${portsText(ports, ', ')}]\nhost: all\nguard: ${guard}\n`;
}
