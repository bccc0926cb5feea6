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
import type { Written } from './written.ts';

export interface BenchOptions {
  /** How often each is run, or for how many seconds each load lasts; the bench's own number unless given. */
  readonly runs?: number | undefined;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a bench saw: files for people (the page first), a document for scripts, and whether it is as promised. */
export interface Seen {
  readonly files: readonly [page: Written, ...Written[]];
  readonly json: unknown;
  readonly kept: boolean;
}

export interface Bench {
  readonly name: string;
  readonly about: string;
  /** What `--runs` counts, and how many there are unless told; absent where each case is tried once. */
  readonly runs?: { readonly of: string; readonly usual: number };
  /** Needs no lab, and so no root. */
  readonly unprivileged?: boolean;
  see(options: BenchOptions): Promise<Seen>;
}

/** In the order of the help; the first is the usual one. */
export const BENCHES: readonly [Bench, ...Bench[]] = [
  {
    name: 'commands',
    about: 'how long each command takes, start to end, beside a bare node (default)',
    runs: { of: 'how often each is run', usual: 15 },
    see: async ({ runs = 15, ...options }) => {
      const seen = await benchCommands({ runs, ...options });
      return { files: [{ file: 'commands.md', lines: commandsPage(seen) }], json: seen, kept: seen.met };
    },
  },
  {
    name: 'compare',
    about: "no fence, the origin post's rule and portfence on a real Docker engine, side by side",
    see: async (options) => {
      const seen = await compareFences(options);
      return { files: [{ file: 'comparison.md', lines: comparisonPage(seen) }], json: seen, kept: seen.clean };
    },
  },
  {
    name: 'native',
    about: 'how soon a container has its range, and whether its first instruction reads it',
    runs: { of: 'how many namespaces and containers', usual: 200 },
    see: async ({ runs = 200, ...options }) => {
      const seen = await benchNative({ runs, ...options });
      return { files: [{ file: 'native.md', lines: nativePage(seen) }], json: seen, kept: seen.kept };
    },
  },
  {
    name: 'heal',
    about: 'how soon the fence is back when somebody has flushed every rule',
    runs: { of: 'how many flushes', usual: 100 },
    see: async ({ runs = 100, ...options }) => {
      const seen = await benchHeal({ runs, ...options });
      return { files: [{ file: 'heal.md', lines: healPage(seen) }], json: seen, kept: seen.kept };
    },
  },
  {
    name: 'endurance',
    about: "the agent's memory after many container starts, and its CPU when nothing happens (15 minutes)",
    runs: { of: 'how many container starts', usual: 20_000 },
    see: async ({ runs = 20_000, ...options }) => {
      const seen = await benchEndurance({ runs, ...options });
      return { files: [{ file: 'endurance.md', lines: endurancePage(seen) }], json: seen, kept: seen.kept };
    },
  },
  {
    name: 'dataplane',
    about: 'what each of them costs connections: latency, throughput, how many can be held (15 minutes)',
    runs: { of: 'for how many seconds each load lasts', usual: 40 },
    see: async ({ runs = 40, ...options }) => {
      const seen = await benchDataplane({ seconds: runs, ...options });
      const page = { file: 'dataplane.md', lines: dataplanePage(seen) };
      return { files: [page, ...dataplaneCharts(seen)], json: seen, kept: seen.met };
    },
  },
  {
    name: 'acl',
    about: 'how long the network ACLs of a large network take to solve',
    runs: { of: 'how many rounds', usual: 15 },
    unprivileged: true,
    see: async ({ runs = 15, say }) => {
      const seen = await benchAcl({ runs, say });
      return { files: [{ file: 'acl-speed.md', lines: aclPage(seen) }], json: seen, kept: seen.met };
    },
  },
];
