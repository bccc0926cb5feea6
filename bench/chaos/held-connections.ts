import type { HeldConnection } from '../../src/lab/held-connections.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { FAMILIES } from '../../src/ports.ts';
import type { ChaosSetup } from './setup.ts';

/** How many of each kind stay open at once. */
const COUNTS = { tcp: 3, udp: 1 } as const;
/** Every connection has so many ports of its own, one for each time that it is opened. */
const PORTS = 12;
/** First source ports: allowed by every policy of the run (policies.ts), or by none. */
const FROM = { allowed: 50_000, mapped: 30_000 } as const;
const EACH_ORIGIN = 1000;

/** A connection that stays open, and what of it the fence has to translate. */
export interface HeldKind {
  readonly origin: 'host' | 'container';
  /** `allowed`: leaves with the port that it is bound to. `mapped`: bound out of range. */
  readonly port: keyof typeof FROM;
  readonly connection: HeldConnection;
}

/** Connections that stay open from one origin; no two origins share a port, so that translating never has to choose another. */
export function heldConnectionsOf(
  { addresses }: ChaosSetup,
  origin: HeldKind['origin'],
  index: number,
): readonly HeldKind[] {
  const kinds: HeldKind[] = [];
  for (const port of ['allowed', 'mapped'] as const) {
    const [to] = addresses.take(1, { origin, chosen: port === 'allowed' ? 'kernel' : 'bound' });
    let next = FROM[port] + index * EACH_ORIGIN;
    for (const family of FAMILIES) {
      for (const protocol of ['tcp', 'udp'] as const) {
        for (let count = 0; count < COUNTS[protocol]; count += 1) {
          const sourcePorts = Array.from({ length: PORTS }, (_, turn) => next + turn);
          next += PORTS;
          const name = `${port}|${protocol}|${family}|${count}`;
          kinds.push({
            ...{ origin, port },
            connection: { name, protocol, host: to?.[family] ?? '', port: ECHO_ADDRESS_PORT, sourcePorts },
          });
        }
      }
    }
  }
  return kinds;
}
