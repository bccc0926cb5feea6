import process from 'node:process';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import type { StandingNat } from '../../src/nat/model.ts';
import { standingNat } from '../../src/nat/standing.ts';
import { FAMILIES, type Family } from '../../src/ports.ts';
import { savedText } from '../nat/iptables-words.ts';
import { nftText } from '../nat/nft-words.ts';
import { inFamily } from './embedded-six.ts';
import { MARKS, type RandomFlow, type Ruleset } from './nat-traffic.ts';

const PATIENCE_MS = 5000;

const HOST_SET_UP = `
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0
for link in in0 in1 out0 out1; do ip link add $link type veth peer name peer-$link netns WIRE; ip link set $link up; done
LINES
nft -f - <<'NFT'
table inet marks {
  map of_port { type inet_service : mark; elements = { ELEMENTS } }
  chain arriving { type filter hook prerouting priority -150; ct state new; meta l4proto { tcp, udp } meta mark set th dport map @of_port; }
  # Rules that map nothing do not switch tracking on.
  chain tracked { type filter hook forward priority 0; ct state new counter; }
  chain made_here { type route hook output priority -150; meta l4proto { tcp, udp } meta mark set th dport map @of_port; }
}
NFT
`;
const HOST_LINES = `
ip address add 10.1.0.1/16 dev in0
ip address add 10.2.0.1/24 dev in1
ip address add 198.51.100.2/24 dev out0
ip address add 192.0.2.1/24 dev out1
ip route add default via 198.51.100.1
ip neighbour add 198.51.100.1 lladdr 02:00:00:00:00:01 dev out0
ip neighbour add 192.0.2.10 lladdr 02:00:00:00:00:01 dev out1
ip neighbour add 192.0.2.11 lladdr 02:00:00:00:00:01 dev out1
`;
const WIRE_SET_UP = `
sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
for link in in0 in1 out0 out1; do ip link set peer-$link up; done
LINES
`;
const WIRE_LINES = `
ip address add 10.1.0.2/16 dev peer-in0
ip address add 10.1.0.3/16 dev peer-in0
ip address add 10.2.0.2/24 dev peer-in1
ip route add default via 10.1.0.1 table 1
ip route add default via 10.2.0.1 table 2
ip rule add from 10.1.0.0/16 table 1
ip rule add from 10.2.0.0/24 table 2
`;
/** The lines for both families. */
const both = (lines: string): string =>
  `${lines}${inFamily('ipv6', lines)
    .replaceAll(/^ip (?=route|rule)/gm, 'ip -6 ')
    .replaceAll(/^(ip address add .*)$/gm, '$1 nodad')}`;
const SEND = `
const { createSocket } = require('node:dgram');
const { connect } = require('node:net');
const flows = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const open = ({ protocol, address, source, to, port }) =>
  new Promise((sent) => {
    if (protocol === 6) {
      // Nobody answers; the first packet has left once the turn is over.
      const socket = connect({ host: to, port, localAddress: address, localPort: source }).on('error', () => {});
      return void setImmediate(() => sent(() => socket.destroy()));
    }
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(source, address, () => sent(() => socket.send('x', port, to, () => socket.close())));
  });
(async () => {
  for (const flow of flows) {
    process.setegid(flow.user);
    process.seteuid(flow.user);
    const goOn = await open(flow);
    process.seteuid(0);
    process.setegid(0);
    goOn();
  }
})();`;

/** The source that a flow left with, as conntrack expects the answers. */
export interface Left {
  readonly address: string;
  readonly port: number;
}

/** A host with two networks behind it and two ways out, in which random NAT rules stand and random flows are sent. */
export interface NatTestbed {
  readonly host: Namespace;
  /** In the place of the rules that stand; other tables stay. */
  load(rulesets: readonly Ruleset[], family?: Family): Promise<void>;
  listed(): Promise<StandingNat>;
  /** Each flow from a port of its own, the first of them given; undefined where a flow was dropped. */
  send(flows: readonly RandomFlow[], firstPort?: number): Promise<readonly (Left | undefined)[]>;
  close(): Promise<void>;
}

export async function natTestbed(): Promise<NatTestbed> {
  const host = await createNamespace();
  const wire = await createNamespace();
  const elements = Object.entries(MARKS).map(([port, mark]) => `${port} : ${mark}`);
  const setUp = HOST_SET_UP.replace('WIRE', String(wire.pid))
    .replace('ELEMENTS', elements.join(', '))
    .replace('LINES', both(HOST_LINES));
  await host.expect(['sh', '-ec', setUp]);
  await wire.expect(['sh', '-ec', WIRE_SET_UP.replace('LINES', both(WIRE_LINES))]);
  return {
    host,
    load: (rulesets, family = 'ipv4') => load(host, rulesets, family),
    listed: () => listed(host),
    send: (flows, firstPort = 20_000) => send({ host, wire }, flows, firstPort),
    close: async () => {
      await host.close();
      await wire.close();
    },
  };
}

const TOOLS: Readonly<Record<Family, string>> = { ipv4: 'iptables', ipv6: 'ip6tables' };

async function load(host: Namespace, rulesets: readonly Ruleset[], family: Family): Promise<void> {
  for (const table of ['ip nat', 'ip6 nat', 'ip one', 'ip6 one', 'inet two'])
    await host.run(['nft', 'delete', 'table', ...table.split(' ')]);
  const other = family === 'ipv4' ? 'ipv6' : 'ipv4';
  await host.run([`${TOOLS[other]}-legacy-restore`], { input: savedText(new Map([['POSTROUTING', []]])) });
  for (const ruleset of rulesets) {
    const { table, chains } = ruleset;
    const isSaved = table === 'legacy' || table === 'iptables';
    const input = inFamily(family, isSaved ? savedText(chains) : nftText({ ...ruleset, table }));
    const variant = table === 'legacy' ? 'legacy' : 'nft';
    await host.expect(isSaved ? [`${TOOLS[family]}-${variant}-restore`] : ['nft', '-f', '-'], { input });
  }
}

async function listed(host: Namespace): Promise<StandingNat> {
  const saved = FAMILIES.flatMap((family) =>
    (['nft', 'legacy'] as const).map(async (variant) => ({
      backend: `iptables-${variant}` as const,
      family,
      text: await host.expect([`${TOOLS[family]}-${variant}-save`, '-t', 'nat']),
    })),
  );
  const ruleset = await host.expect(['nft', '-j', 'list', 'ruleset']);
  return standingNat({ saved: await Promise.all(saved), ruleset });
}

async function send(
  { host, wire }: { readonly host: Namespace; readonly wire: Namespace },
  flows: readonly RandomFlow[],
  firstPort: number,
): Promise<readonly (Left | undefined)[]> {
  await host.run(['conntrack', '-F']);
  const packets = flows.map(({ protocol, from, to, port }, i) => ({
    inside: from.arrived === undefined ? host : wire,
    packet: { protocol, address: from.address, source: firstPort + i, to: to.address, port, user: from.user ?? 0 },
  }));
  for (const namespace of [host, wire]) {
    const input = JSON.stringify(packets.filter(({ inside }) => inside === namespace).map(({ packet }) => packet));
    await namespace.expect([process.execPath, '-e', SEND], { input });
  }
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const { stdout } = await host.run(['conntrack', '-L', '-f', flows[0]?.family ?? 'ipv4']);
    const entry = / src=\S+ dst=\S+ sport=(\d+) .*? src=\S+ dst=(\S+) sport=\d+ dport=(\d+)/g;
    const found = new Map(
      [...stdout.matchAll(entry)].map(([, sent, address = '', port]) => [
        Number(sent),
        { address, port: Number(port) },
      ]),
    );
    const left = flows.map((_, i) => found.get(firstPort + i));
    if (!left.includes(undefined) || performance.now() > until) return left;
  }
}
