import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import { ipBatch } from '../../src/lab/topology.ts';
import type { Protocol } from '../../src/ports.ts';
import type { CorpusCase, CorpusHost } from './corpus.ts';

const STATION = fileURLToPath(new URL('./station.mjs', import.meta.url));
const SERVERS = ['203.0.113.10', '203.0.113.11', '2001:db8:2::10', '2001:db8:2::11'];
const ANY_SOURCE = ['net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0'];
const AT_ONCE = ['net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0'];
const FORWARDS = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.send_redirects=0'];

/** A flow as a machine sends it; the kernel chooses the port where none is given. */
export interface SentFlow {
  readonly over: Protocol;
  readonly to: string;
  readonly port: number;
  readonly source?: string | undefined;
  readonly localPort?: number | undefined;
}

/** How the other end saw a flow, and who that was. */
export interface SeenFlow {
  readonly address: string;
  readonly port: number;
  readonly at: string;
}

export interface CorpusMachine {
  readonly kind: 'host' | 'container' | 'guest' | 'outside';
  readonly namespace: Namespace;
  send(flows: readonly SentFlow[], options: { readonly hold: boolean }): Promise<readonly (SeenFlow | null)[]>;
  /** Whether each flow that was held still carries words; ends them. */
  alive(): Promise<readonly boolean[]>;
}

export interface CorpusTestbed {
  readonly host: Namespace;
  /** By name; `host` and `peer` are always there. */
  readonly machines: ReadonlyMap<string, CorpusMachine>;
  close(): Promise<void>;
}

interface Place {
  readonly kind: CorpusMachine['kind'];
  readonly namespace: Namespace;
}

/** Builds the host of a case with all machines around it, in namespaces of its own. */
export async function corpusTestbed({ host: told }: CorpusCase): Promise<CorpusTestbed> {
  const places = new Map<string, Place>();
  const stations: { close(): Promise<void> }[] = [];
  const close = async () => {
    await Promise.all(stations.map((station) => station.close()));
    await Promise.all([...places.values()].map(({ namespace }) => namespace.close()));
  };
  try {
    for (const [name, kind] of kinds(told)) places.set(name, { kind, namespace: await createNamespace() });
    await lay(told, places);
    const started = await Promise.all(
      [...places].map(async ([name, place]) => {
        const station = await startStation(name, place);
        stations.push(station);
        return [name, station] as const;
      }),
    );
    return { host: at(places, 'host'), machines: new Map(started), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function kinds({
  uplinks,
  bridges = {},
  routed = {},
  beyond = {},
}: CorpusHost): readonly (readonly [string, Place['kind']])[] {
  const segments = [...Object.values(uplinks), ...Object.values(bridges)];
  const machines = [...segments.flatMap(({ machines = {} }) => Object.entries(machines)), ...Object.entries(routed)];
  return [
    ['host', 'host'],
    ['peer', 'outside'],
    ...machines.map(([name, { kind }]) => [name, kind] as const),
    ...Object.keys(beyond).map((name) => [name, 'outside'] as const),
  ];
}

function at(places: ReadonlyMap<string, Place>, name: string): Namespace {
  const place = places.get(name);
  if (!place) throw new Error(`the case knows no ${name}`);
  return place.namespace;
}

const isSix = (address: string): boolean => address.includes(':');

const bare = (address: string): string => address.replace(/\/.*/, '');
const add = (link: string, addresses: readonly string[]): readonly string[] =>
  addresses.map((one) => `addr add ${one} dev ${link}${isSix(one) ? ' nodad' : ''}`);

/** Lays links, addresses and routes; the lines of a namespace run once those of the namespaces before it have. */
async function lay(told: CorpusHost, places: ReadonlyMap<string, Place>): Promise<void> {
  const lines = new Map<string, string[]>([...places.keys()].map((name) => [name, []]));
  const to = (name: string, ...more: readonly string[]) => lines.get(name)?.push(...more);
  const pid = (name: string) => at(places, name).pid;
  to('peer', ...add('lo', [...SERVERS, ...(told.servers ?? [])]));
  for (const [name, { addresses, more = [], isDefault = true, port }] of Object.entries(told.uplinks)) {
    to('host', `link add ${port ?? name} type veth peer name p-${name} netns ${pid('peer')}`);
    if (port) to('host', `link add ${name} type bridge`, `link set ${port} master ${name} up`);
    to('host', `link set ${name} up`, ...add(name, [...addresses, ...more]));
    to('peer', `link set p-${name} up`);
    for (const address of addresses) {
      const gateway = bare(address).replace(/[^.:]*$/, '1');
      to('peer', ...add(`p-${name}`, [`${gateway}/${address.split('/')[1]}`]));
      if (isDefault) to('host', `route add default via ${gateway}`);
      if (isDefault) to('peer', `route add default via ${bare(address)}`);
    }
  }
  for (const [name, { addresses }] of Object.entries(told.bridges ?? {}))
    to('host', `link add ${name} type bridge`, ...add(name, addresses), `link set ${name} up`);
  for (const [bridge, segment] of [...Object.entries(told.uplinks), ...Object.entries(told.bridges ?? {})]) {
    const isUplink = bridge in told.uplinks;
    for (const [name, { addresses, link = `v${name}` }] of Object.entries(segment.machines ?? {})) {
      to(
        'host',
        `link add ${link} type veth peer name eth0 netns ${pid(name)}`,
        `link set ${link} master ${bridge} up`,
      );
      to(name, 'link set eth0 up', ...add('eth0', addresses));
      for (const gateway of segment.addresses.map(bare)) {
        const via = isUplink ? gateway.replace(/[^.:]*$/, '1') : gateway;
        if (addresses.some((one) => isSix(one) === isSix(via))) to(name, `route replace default via ${via}`);
      }
    }
  }
  for (const [name, { link, addresses }] of Object.entries(told.routed ?? {}))
    routeTo({ name, near: 'host', link, addresses, pid: pid(name) }, to);
  for (const [name, addresses] of Object.entries(told.beyond ?? {}))
    routeTo({ name, near: 'peer', link: `r-${name}`, addresses, pid: pid(name) }, to);
  for (const [name, addresses] of Object.entries(told.dummies ?? {}))
    to(
      'host',
      `link add ${name} type veth peer name ${name}-x`,
      `link set ${name} up`,
      `link set ${name}-x up`,
      ...add(name, addresses),
    );
  to('host', ...(told.ip ?? []));
  to('peer', ...(told.peerIp ?? []));
  await Promise.all(
    [...places].map(([name, { namespace }]) => {
      const forwards = name === 'host' || name === 'peer' ? FORWARDS : [];
      return namespace.expect(['sysctl', '-q', '-w', ...ANY_SOURCE, ...AT_ONCE, ...forwards]);
    }),
  );
  for (const [name, all] of lines) await ipBatch(at(places, name), all);
}

const GATEWAY = { ipv4: '169.254.1.1', ipv6: 'fe80::1' } as const;

/** A machine without a network: its addresses are routed to its link, and it routes everything there. */
function routeTo(
  machine: { name: string; near: string; link: string; addresses: readonly string[]; pid: number },
  to: (name: string, ...lines: readonly string[]) => void,
): void {
  const { name, near, link, addresses, pid } = machine;
  to(near, `link add ${link} type veth peer name eth0 netns ${pid}`, `link set ${link} up`);
  to(near, `addr add ${GATEWAY.ipv4}/32 dev ${link} scope link`, ...add(link, [`${GATEWAY.ipv6}/64`]));
  to(near, ...addresses.map((one) => `route replace ${one} dev ${link}`));
  to(
    name,
    'link set eth0 up',
    ...add(
      'eth0',
      addresses.map((one) => `${one}/${isSix(one) ? 128 : 32}`),
    ),
  );
  to(name, `route add ${GATEWAY.ipv4} dev eth0`, `route add default via ${GATEWAY.ipv4} dev eth0`);
  to(name, `route add default via ${GATEWAY.ipv6} dev eth0`);
}

async function startStation(
  name: string,
  { namespace, kind }: Place,
): Promise<CorpusMachine & { close(): Promise<void> }> {
  const serves = kind === 'host' ? 'silent' : 'serves';
  const [command, ...args] = namespace.enter([process.execPath, STATION, name, serves]);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse(String((await answers.next()).value));
  const ask = (order: unknown): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    return next();
  };
  if ((await next()) !== 'ready') throw new Error(`${name} did not start`);
  return {
    kind,
    namespace,
    send: async (flows, { hold }) => (await ask({ send: flows, hold })) as readonly (SeenFlow | null)[],
    alive: async () => (await ask({ held: true })) as readonly boolean[],
    close: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
