import process from 'node:process';
import { PortfenceError } from '../../src/errors.ts';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { LAUNCHER, PORTS as RANGE } from '../agent/start-agent.ts';
import { loadFrom, PORTS } from '../dataplane/load.ts';
import { benchProgram } from '../dataplane/program-file.ts';
import { type Summary, summarize } from '../statistics.ts';
import { DESTINATIONS, destination, type RuledHost, ruledHost } from './host.ts';

/** What the program `new-flows` is asked: the source port, the destination, and how many flows. */
export interface FlowsOrder {
  readonly from: number;
  readonly to: string;
  readonly count: number;
}

const FLOWS = 4000;
const CONNECTING_SECONDS = 0.5;

/** What a container opens, and one measurement of it: microseconds for each. */
const WHAT = { 'first packet': firstPackets, connection: connections } as const;
export type What = keyof typeof WHAT;
/** Which ports the container's kernel chooses from: allowed ones, as a native range, or ones that have to change. */
const SOURCES = { kept: { from: 49_152, to: 61_000 }, mapped: { from: 32_768, to: 49_151 } } as const;
export type Source = keyof typeof SOURCES;

/**
 * Microseconds for each, without a fence and with one. `ratio` compares the fastest rounds, which other work on the machine
 * disturbed least.
 */
export interface FlowsResult {
  readonly what: What;
  readonly source: Source;
  readonly bare: Summary;
  readonly fenced: Summary;
  readonly ratio: number;
}

interface Options {
  readonly rounds: number;
  readonly signal: AbortSignal;
}

/** Two hosts with the same rules, one of them fenced; each round measures both, one after the other. */
export async function measureFlows(rules: string, options: Options): Promise<readonly FlowsResult[]> {
  const hosts: RuledHost[] = [];
  const folder = await makeLabFolder();
  try {
    for (let i = 0; i < 2; i += 1) hosts.push(await ruledHost(rules));
    const [bare, fenced] = hosts;
    if (!bare || !fenced) throw new RangeError('two hosts were asked for');
    await fenced.host.expect(
      [process.execPath, LAUNCHER, 'apply', '--ports', RANGE, '--backend', 'nftables', '--docker-host', NO_DOCKER],
      { env: { PORTFENCE_STATE_DIR: folder.path } },
    );
    const found: FlowsResult[] = [];
    for (const what of Object.keys(WHAT) as What[])
      for (const source of Object.keys(SOURCES) as Source[])
        found.push(await compared({ bare, fenced }, { what, source, ...options }));
    return found;
  } finally {
    await Promise.all(hosts.map((host) => host.close()));
    await folder.remove();
  }
}

const NO_DOCKER = 'unix:///nonexistent/docker.sock';

async function compared(
  { bare, fenced }: { readonly bare: RuledHost; readonly fenced: RuledHost },
  { what, source, rounds, signal }: Options & { readonly what: What; readonly source: Source },
): Promise<FlowsResult> {
  const { from, to } = SOURCES[source];
  for (const { container } of [bare, fenced])
    await container.expect(['sysctl', '-qw', `net.ipv4.ip_local_port_range=${from} ${to}`]);
  const samples = { bare: [] as number[], fenced: [] as number[] };
  // A first round, which fills caches, does not count.
  for (let round = 0; round <= rounds; round += 1) {
    signal.throwIfAborted();
    // Whoever comes second finds the processor warm: they take turns.
    for (const name of round % 2 === 0 ? (['bare', 'fenced'] as const) : (['fenced', 'bare'] as const)) {
      const host = name === 'bare' ? bare : fenced;
      await host.host.expect(['conntrack', '-F']);
      // A server remembers for a minute which ports a connection had, which flushing conntrack makes the host forget.
      const index = (source === 'kept' ? 0 : DESTINATIONS / 2) + (round % (DESTINATIONS / 2));
      const each = await WHAT[what](host, { from: from + 1000, to: destination(index) });
      if (round > 0) samples[name].push(each);
    }
  }
  const [without, within] = [summarize(samples.bare), summarize(samples.fenced)];
  return { what, source, bare: without, fenced: within, ratio: within.min / without.min };
}

type Ends = Pick<FlowsOrder, 'from' | 'to'>;

async function firstPackets({ host, container }: RuledHost, ends: Ends): Promise<number> {
  const order: FlowsOrder = { ...ends, count: FLOWS };
  const { code, stdout, stderr } = await container.run(benchProgram('new-flows', JSON.stringify(order)));
  if (code !== 0) throw new PortfenceError('SYSTEM', `the flows ended with ${code}: ${stderr.trim()}`);
  const tracked = Number(/\d+/.exec(await host.expect(['cat', '/proc/sys/net/netfilter/nf_conntrack_count']))?.[0]);
  if (tracked < FLOWS) throw new PortfenceError('SYSTEM', `only ${tracked} of ${FLOWS} flows left`);
  return JSON.parse(stdout) as number;
}

/** Opened, asked, answered and closed, one after the other. */
async function connections({ container }: RuledHost, { to }: Ends): Promise<number> {
  const load = { to: { host: to, port: PORTS.answer }, together: 1, seconds: CONNECTING_SECONDS } as const;
  const { latencies, failed, seconds } = await loadFrom(container, { kind: 'closed', ...load });
  if (failed > 0 || latencies.length === 0) throw new PortfenceError('SYSTEM', `${failed} connections failed`);
  return (1e6 * seconds) / latencies.length;
}
