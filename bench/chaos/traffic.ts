import { type HeldConnectionEvent, startHolding } from '../../src/lab/held-connections.ts';
import { type LoadKind, type LoadTally, startLoad } from '../../src/lab/load.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { FAMILIES } from '../../src/ports.ts';
import { type HeldKind, heldConnectionsOf } from './held-connections.ts';
import type { ChaosSetup } from './setup.ts';

const PROTOCOLS = ['tcp', 'udp'] as const;
const ADDRESSES = 10;
const HANGS_AFTER_MS = 3000;
const EVERY_MS = 250;
/** A cable that is out for two seconds brings waits of a little more than three (TCP doubles them from 0.2 s). */
const SILENT_MS = 12_000;

interface Options {
  readonly perSecond: number;
  readonly seed: number;
  readonly onTally: (tally: Readonly<Record<string, LoadTally>>) => void;
  readonly onHeldEvent: (kind: HeldKind, event: HeldConnectionEvent) => void;
  /** One of the programs ended by itself. */
  readonly onLost: (why: string) => void;
}

/** Starts the programs that open and hold connections, on the host and in the containers that run all the time. */
export function startTraffic(setup: ChaosSetup, options: Options): { stop(): Promise<void> } {
  let stopping = false;
  const programs = setup.origins.flatMap(({ name, at }, index) => {
    const origin = index === 0 ? 'host' : 'container';
    const loaded = startLoad(
      at,
      {
        perSecond: options.perSecond / setup.origins.length,
        timeoutMs: HANGS_AFTER_MS,
        seed: options.seed + index * 1000,
        kinds: loadKinds(setup, origin),
      },
      options.onTally,
    );
    const kinds = heldConnectionsOf(setup, origin, index);
    const connections = kinds.map(({ connection }) => connection);
    const kept = startHolding(at, { everyMs: EVERY_MS, silentMs: SILENT_MS, connections }, (event) => {
      const kind = kinds.find(({ connection }) => connection.name === event.name);
      if (kind) options.onHeldEvent(kind, event);
    });
    for (const program of [loaded, kept])
      void program.ended.then(() => {
        if (!stopping) options.onLost(`a program that opens connections ended by itself (${name})`);
      });
    return [loaded, kept];
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all(programs.map((program) => program.stop()));
  };
  setup.testbed.onClose(stop);
  return { stop };
}

function loadKinds({ addresses }: ChaosSetup, origin: string): readonly LoadKind[] {
  const hosts = {
    kernel: addresses.take(ADDRESSES, { origin, chosen: 'kernel' }),
    bound: addresses.take(ADDRESSES, { origin, chosen: 'bound' }),
  };
  return (['kernel', 'bound'] as const).flatMap((chosen) =>
    PROTOCOLS.flatMap((protocol) =>
      FAMILIES.map(
        (family): LoadKind => ({
          name: `${origin}|${chosen}|${protocol}|${family}`,
          protocol,
          hosts: hosts[chosen].map((address) => address[family]),
          port: ECHO_ADDRESS_PORT,
          bound: chosen === 'bound' ? { from: 1024, to: 65_535 } : undefined,
        }),
      ),
    ),
  );
}
