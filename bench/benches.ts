import { benchAcl } from './acl/bench.ts';
import { aclPage } from './acl/page.ts';
import { benchEndurance } from './agent/endurance.ts';
import { benchHeal } from './agent/heal.ts';
import { benchNative } from './agent/native.ts';
import { endurancePage, healPage, nativePage } from './agent/page.ts';
import { benchCommands } from './commands/bench.ts';
import { commandsPage } from './commands/page.ts';
import { compareFences } from './compare/compare.ts';
import { comparisonPage } from './compare/page.ts';
import { benchDataplane } from './dataplane/bench.ts';
import { dataplaneCharts, dataplanePage } from './dataplane/page.ts';
import { benchFleet } from './fleet/bench.ts';
import { fleetPage } from './fleet/page.ts';
import { benchFlows } from './flows/bench.ts';
import { flowsPage } from './flows/page.ts';
import type { OutputFile } from './output-file.ts';
import { benchStandingNat } from './standing-nat/bench.ts';
import { standingNatPage } from './standing-nat/page.ts';

/** How a bench runs. */
export interface BenchOptions {
  /** How often each is run, or for how many seconds each load lasts; the bench's own number unless given. */
  readonly runs?: number | undefined;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a bench answers: files for people (the page first), a document for scripts, and whether it is as promised. */
export interface BenchResult {
  readonly files: readonly [page: OutputFile, ...OutputFile[]];
  readonly json: unknown;
  readonly met: boolean;
}

/** One bench, as the command line offers it. */
export interface Bench {
  readonly name: string;
  readonly about: string;
  /** What `--runs` counts, and how many there are by default; absent where each case is tried once. */
  readonly runs?: { readonly of: string; readonly usual: number };
  /** Needs no lab, and so no root. */
  readonly unprivileged?: boolean;
  run(options: BenchOptions): Promise<BenchResult>;
}

/** In the order of the help; the first is the usual one. */
export const BENCHES: readonly [Bench, ...Bench[]] = [
  {
    name: 'commands',
    about: 'how long each command takes, start to end, beside a bare node (default)',
    runs: { of: 'how often each is run', usual: 15 },
    run: async ({ runs = 15, ...options }) => {
      const seen = await benchCommands({ runs, ...options });
      return { files: [{ file: 'commands-speed.md', lines: commandsPage(seen) }], json: seen, met: seen.met };
    },
  },
  {
    name: 'compare',
    about: "no fence, the origin post's rule and portfence on a real Docker engine, side by side",
    run: async (options) => {
      const seen = await compareFences(options);
      return { files: [{ file: 'comparison.md', lines: comparisonPage(seen) }], json: seen, met: seen.clean };
    },
  },
  {
    name: 'native',
    about: 'how soon a container has its range, and whether its first instruction reads it',
    runs: { of: 'how many namespaces and containers', usual: 200 },
    run: async ({ runs = 200, ...options }) => {
      const seen = await benchNative({ runs, ...options });
      return { files: [{ file: 'native.md', lines: nativePage(seen) }], json: seen, met: seen.met };
    },
  },
  {
    name: 'heal',
    about: 'how soon the fence is back when every rule was flushed',
    runs: { of: 'how many flushes', usual: 100 },
    run: async ({ runs = 100, ...options }) => {
      const seen = await benchHeal({ runs, ...options });
      return { files: [{ file: 'heal.md', lines: healPage(seen) }], json: seen, met: seen.met };
    },
  },
  {
    name: 'endurance',
    about: "the agent's memory after many container starts, and its CPU when nothing happens (15 minutes)",
    runs: { of: 'how many container starts', usual: 20_000 },
    run: async ({ runs = 20_000, ...options }) => {
      const seen = await benchEndurance({ runs, ...options });
      return { files: [{ file: 'endurance.md', lines: endurancePage(seen) }], json: seen, met: seen.met };
    },
  },
  {
    name: 'dataplane',
    about: 'what each of them costs connections: latency, throughput, how many can be held (15 minutes)',
    runs: { of: 'for how many seconds each load lasts', usual: 40 },
    run: async ({ runs = 40, ...options }) => {
      const seen = await benchDataplane({ seconds: runs, ...options });
      const page = { file: 'dataplane.md', lines: dataplanePage(seen) };
      return { files: [page, ...dataplaneCharts(seen)], json: seen, met: seen.met };
    },
  },
  {
    name: 'flows',
    about: 'how long a look at all connections takes, beside cat and conntrack',
    runs: { of: 'how many rounds', usual: 5 },
    run: async ({ runs = 5, say }) => {
      const seen = await benchFlows({ runs, say });
      return { files: [{ file: 'flows-speed.md', lines: flowsPage(seen) }], json: seen, met: seen.met };
    },
  },
  {
    name: 'fleet',
    about: 'how long a look at 500 hosts takes, from a list and by Prometheus',
    runs: { of: 'how often each is run', usual: 10 },
    run: async ({ runs = 10, ...options }) => {
      const seen = await benchFleet({ runs, ...options });
      return { files: [{ file: 'fleet.md', lines: fleetPage(seen) }], json: seen, met: seen.met };
    },
  },
  {
    name: 'standing-nat',
    about: "what the NAT rules of others cost a new connection, and the agent's look at them (4 minutes)",
    runs: { of: 'how many rounds', usual: 40 },
    run: async ({ runs = 40, ...options }) => {
      const seen = await benchStandingNat({ rounds: runs, ...options });
      return { files: [{ file: 'standing-nat.md', lines: standingNatPage(seen) }], json: seen, met: seen.met };
    },
  },
  {
    name: 'acl',
    about: 'how long the network ACLs of a large network take to solve',
    runs: { of: 'how many rounds', usual: 15 },
    unprivileged: true,
    run: async ({ runs = 15, say }) => {
      const seen = await benchAcl({ runs, say });
      return { files: [{ file: 'acl-speed.md', lines: aclPage(seen) }], json: seen, met: seen.met };
    },
  },
];
