import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import { ipBatch } from '../../src/lab/topology.ts';
import { PORTS } from '../dataplane/load.ts';
import { benchProgram } from '../dataplane/program-file.ts';

/** How many addresses the servers beyond the host have: connections of each round go to a new one. */
export const DESTINATIONS = 200;
export const destination = (index: number): string => `203.0.113.${10 + (index % DESTINATIONS)}`;
const CONTAINER = '172.17.0.2';

/** A host with NAT rules of others, and a container behind it. */
export interface RuledHost {
  readonly host: Namespace;
  readonly container: Namespace;
  close(): Promise<void>;
}

const DROP = `table inet sink {
  chain arriving { type filter hook prerouting priority raw; policy accept; iifname "eth0" meta l4proto udp drop; }
}
`;

/** Builds it, with rules as iptables-save writes them. */
export async function ruledHost(rules: string): Promise<RuledHost> {
  const all = await Promise.all([createNamespace(), createNamespace(), createNamespace()]);
  const [host, container, beyond] = all;
  const close = async () => void (await Promise.all(all.map((namespace) => namespace.close())));
  try {
    await host.expect(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    await ipBatch(host, [
      `link add eth0 type veth peer name eth0 netns ${beyond.pid}`,
      'link set eth0 up',
      'addr add 198.51.100.2/24 dev eth0',
      'link add docker0 type bridge',
      'addr add 172.17.0.1/16 dev docker0',
      'link set docker0 up',
      `link add veth1 type veth peer name eth0 netns ${container.pid}`,
      'link set veth1 master docker0',
      'link set veth1 up',
    ]);
    await ipBatch(beyond, [
      'link set lo up',
      'link set eth0 up',
      'addr add 198.51.100.1/24 dev eth0',
      'route add 172.17.0.0/16 via 198.51.100.2',
      ...Array.from({ length: DESTINATIONS }, (_, i) => `addr add ${destination(i)}/32 dev lo`),
    ]);
    await ipBatch(host, ['route add default via 198.51.100.1']);
    await ipBatch(container, [
      'link set eth0 up',
      `addr add ${CONTAINER}/16 dev eth0`,
      'route add default via 172.17.0.1',
    ]);
    await beyond.expect(['nft', '-f', '-'], { input: DROP });
    await host.expect(['iptables-nft-restore'], { input: rules });
    const { answer, hold, echo } = PORTS;
    const serving = await beyond.startChild(
      benchProgram('serve', JSON.stringify({ addresses: [], answer, hold, echo })),
    );
    return {
      ...{ host, container },
      close: async () => {
        await serving.stop();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
