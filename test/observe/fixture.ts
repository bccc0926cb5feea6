import { readFileSync } from 'node:fs';

/** A recorded output: Debian 12 (iproute2 6.1, nft 1.0.6, conntrack 1.4.7, Docker 20.10.24, podman 4.3.1) in a namespace of its own. */
export function fixture(name: string): string {
  return readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');
}
