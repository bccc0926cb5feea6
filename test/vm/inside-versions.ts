import type { Versions } from '../../bench/versions.ts';
import type { Machine } from './machine.ts';

const COMMANDS = {
  Linux: 'uname -r',
  nft: 'nft --version',
  conntrack: 'conntrack --version',
  iptables: 'iptables --version',
  Docker: 'docker version --format "{{.Server.Version}}"',
  systemd: 'systemctl --version | head -1',
} as const;

/** The versions of what the host has. */
export async function toolVersions(machine: Machine): Promise<Versions> {
  const found: [string, string][] = [];
  for (const [name, command] of Object.entries(COMMANDS)) {
    const text = await machine.must(command);
    found.push([name, /\bv?(\d[\w.+-]*)/.exec(text)?.[1] ?? text]);
  }
  return Object.fromEntries(found);
}
