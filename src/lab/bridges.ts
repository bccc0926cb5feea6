import { createNamespace, type Namespace } from './namespace.ts';
import { ipBatch, prepareNamespace } from './topology.ts';

/** A bridge to be made on the host. */
export interface BridgeSpec {
  /** `br-` and 12 hex digits like Docker's, or `virbr0`, `docker0`, ...: at most 15 characters. */
  readonly name: string;
  /** The bridge's own address with the subnet's length: `172.18.0.1/16`. */
  readonly ipv4: string;
  readonly ipv6?: string;
  /** Whether the host gives this network's traffic its own address, as Docker does. */
  readonly masquerade: boolean;
}

/** A network of guests behind the host, as a container engine or a VM manager makes them, without the engine. */
export interface Bridge extends BridgeSpec {
  /** A namespace on the bridge, with an address and a default route. At most 200 on each bridge. */
  addGuest(): Promise<Guest>;
}

/** A namespace on a bridge, with the addresses it has there. */
export interface Guest extends Namespace {
  readonly ipv4: string;
  readonly ipv6: string | undefined;
}

/** Makes the bridge in the host's namespace; `onGuest` gets each guest, to close it with the testbed. */
export async function addBridge(
  host: Namespace,
  spec: BridgeSpec,
  onGuest: (guest: Namespace) => void,
): Promise<Bridge> {
  await ipBatch(host, [
    `link add ${spec.name} type bridge`,
    `addr add ${spec.ipv4} dev ${spec.name}`,
    ...(spec.ipv6 ? [`addr add ${spec.ipv6} dev ${spec.name} nodad`] : []),
    `link set ${spec.name} up`,
  ]);
  if (spec.masquerade) await host.expect(['nft', '-f', '-'], { input: masquerade(spec) });
  let guests = 0;
  return {
    ...spec,
    addGuest: async () => {
      guests += 1;
      const number = guests + 1;
      const guest = await createNamespace();
      onGuest(guest);
      const ipv4 = address(spec.ipv4, String(number));
      const ipv6 = spec.ipv6 ? address(spec.ipv6, String(number)) : undefined;
      const port = `p${number}${spec.name.slice(-10)}`;
      await prepareNamespace(guest, false);
      await ipBatch(guest, [`link add eth0 type veth peer name ${port} netns ${host.pid}`]);
      await ipBatch(host, [`link set ${port} master ${spec.name}`, `link set ${port} up`]);
      await ipBatch(guest, [
        `addr add ${ipv4}/${lengthOf(spec.ipv4)} dev eth0`,
        ...(spec.ipv6 && ipv6 ? [`addr add ${ipv6}/${lengthOf(spec.ipv6)} dev eth0 nodad`] : []),
        'link set eth0 up',
        `route add default via ${withoutLength(spec.ipv4)}`,
        ...(spec.ipv6 ? [`route add default via ${withoutLength(spec.ipv6)}`] : []),
      ]);
      return { ...guest, ipv4, ipv6 };
    },
  };
}

const withoutLength = (cidr: string): string => cidr.split('/')[0] ?? cidr;
const lengthOf = (cidr: string): string => cidr.split('/')[1] ?? '';

/** The gateway's address with another last part: `172.18.0.1/16` and `2` give `172.18.0.2`. */
const address = (gateway: string, last: string): string => withoutLength(gateway).replace(/[^.:]*$/, last);

/**
 * Docker's own rule, in a table of its own so that iptables' tables stay readable to iptables, and the empty chain by which
 * Docker is known to masquerade in a family.
 */
function masquerade({ name, ipv4, ipv6 }: BridgeSpec): string {
  const rule = (family: 'ip' | 'ip6', subnet: string): string[] => [
    `add table ${family} nat`,
    `add chain ${family} nat DOCKER`,
    `add table ${family} lab_nat`,
    `add chain ${family} lab_nat postrouting { type nat hook postrouting priority srcnat; policy accept; }`,
    `insert rule ${family} lab_nat postrouting ${family} saddr ${subnet} oifname != "${name}" counter masquerade`,
  ];
  return `${[...rule('ip', ipv4), ...(ipv6 ? rule('ip6', ipv6) : [])].join('\n')}\n`;
}
