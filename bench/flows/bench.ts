import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { openScan } from '../../src/flows/flow-scan.ts';
import { flowScope } from '../../src/flows/scope.ts';
import { ANY_HOST } from '../../src/install/any-host.ts';
import { compile } from '../../src/plan/compile.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { readBytes } from '../../src/system/bytes.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import { LAUNCHER, PORTS } from '../agent/start-agent.ts';
import { type Summary, summarize } from '../statistics.ts';
import { machineVersions, type Versions } from '../versions.ts';
import { writeEntries } from './entries.ts';
import { trackedNamespace } from './tracked.ts';

export const ENTRIES = 1_000_000;
/** Times of `cat` at most, times faster than conntrack at least, and megabytes that the whole command has in memory at most. */
export const TARGET = { ratio: 1.25, faster: 1.5, megabytes: 200 } as const;

export interface FlowsSeen {
  readonly versions: Versions;
  readonly cores: number;
  /** Milliseconds over the generated file, in this process. */
  readonly file: { readonly cat: Summary; readonly scan: Summary };
  /** Milliseconds over entries of the kernel; `pass` is the reading alone, `command` a whole `portfence flows`. */
  readonly kernel: Readonly<Record<'cat' | 'pass' | 'command' | 'conntrack', Summary>> & {
    readonly entries: number;
    /** The largest resident set of the command, in MB. */
    readonly megabytes: number;
  };
  /** The pass over the kernel's table in times of `cat` in the same run, and how much faster than conntrack it is. */
  readonly ratio: number;
  readonly faster: number;
  readonly met: boolean;
}

/** Reads a generated table of a million entries, and a real one. */
export async function benchFlows({
  runs,
  say,
}: {
  readonly runs: number;
  readonly say: (line: string) => void;
}): Promise<FlowsSeen> {
  const file = await generated(runs, say);
  const kernel = await tracked(runs, say);
  const ratio = kernel.pass.median / kernel.cat.median;
  const faster = kernel.conntrack.median / kernel.pass.median;
  return {
    ...{ versions: await machineVersions(), cores: availableParallelism(), file, kernel, ratio, faster },
    met: ratio <= TARGET.ratio && faster >= TARGET.faster && kernel.megabytes <= TARGET.megabytes,
  };
}

async function generated(runs: number, say: (line: string) => void): Promise<FlowsSeen['file']> {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-bench-'));
  const path = join(folder, 'nf_conntrack');
  try {
    say(`writing ${ENTRIES.toLocaleString('en')} entries`);
    await writeEntries(path, ENTRIES);
    const facts = {
      ...ANY_HOST,
      links: [{ name: 'eth0', kind: undefined, master: undefined, addresses: ['10.0.1.10/24'] }],
      defaultRouteDevices: ['eth0'],
    };
    const scope = flowScope(compile(parsePolicy({ flags: { ports: PORTS } }).policy, facts), facts);
    const [cat, scan]: [number[], number[]] = [[], []];
    for (let round = 0; round < runs; round += 1) {
      cat.push(await timed(() => run(['sh', '-c', 'cat "$1" > /dev/null', 'sh', path])));
      scan.push(
        await timed(async () => {
          const running = openScan(scope);
          await readBytes(path, running.take);
          running.end();
        }),
      );
    }
    return { cat: summarize(cat), scan: summarize(scan) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes a program of Node say on standard error how many KiB it had in memory at most. */
const TELL_PEAK = `data:text/javascript,process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS))`;

async function tracked(runs: number, say: (line: string) => void): Promise<FlowsSeen['kernel']> {
  say('filling a namespace with connections; nf_conntrack_max of the machine is raised until the end');
  const { namespace, entries, close } = await trackedNamespace();
  try {
    say(`${entries.toLocaleString('en')} entries`);
    const samples = { cat: [] as number[], pass: [] as number[], command: [] as number[], conntrack: [] as number[] };
    let megabytes = 0;
    for (let round = 0; round < runs; round += 1) {
      const quiet = (...argv: string[]) => timed(() => namespace.expect(first('"$@" > /dev/null 2>&1', argv)));
      samples.cat.push(await quiet('cat', '/proc/net/nf_conntrack'));
      samples.conntrack.push(await quiet('conntrack', '-L', '-o', 'extended'));
      let [stdout, stderr] = ['', ''];
      const node = [process.execPath, '--import', TELL_PEAK];
      const command = first('exec "$@"', [...node, LAUNCHER, 'flows', '--ports', PORTS, '--json']);
      samples.command.push(
        await timed(async () => {
          ({ stdout, stderr } = await namespace.run(command));
        }),
      );
      const { tookMs, totals } = JSON.parse(stdout);
      if (totals.entries < entries) throw new Error(`${totals.entries} of ${entries} entries were read`);
      samples.pass.push(tookMs);
      megabytes = Math.max(megabytes, (Number(/peak (\d+)/.exec(stderr)?.[1]) * 1024) / 1e6);
    }
    const { cat, pass, command, conntrack } = samples;
    return {
      ...{ cat: summarize(cat), pass: summarize(pass), command: summarize(command) },
      ...{ conntrack: summarize(conntrack), entries, megabytes },
    };
  } finally {
    await close();
  }
}

/** Runs the line with these arguments ahead of all other work, so that a busy machine disturbs the comparison less (sched(7), autogroup). */
const first = (line: string, argv: readonly string[]): Argv => [
  ...(['sh', '-c', `echo -20 > /proc/self/autogroup; renice -n -20 -p $$ > /dev/null; ${line}`, 'sh'] as const),
  ...argv,
];

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
