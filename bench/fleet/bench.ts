import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../../src/errors.ts';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import { LAUNCHER } from '../agent/start-agent.ts';
import { benchProgram } from '../dataplane/program-file.ts';
import { type Summary, summarize } from '../statistics.ts';
import { machineVersions, toolVersion, type Versions } from '../versions.ts';

export const HOSTS = 500;
/** How many of them take a connection and say nothing, in one of the cases. */
export const SILENT = 50;
export const TARGET_MS = 5000;

const PORT = 9469;
const PATIENCE_MS = 60_000;

/** How long the whole command took, in milliseconds. */
export interface FleetCase {
  readonly name: string;
  readonly took: Summary;
}

export interface FleetResult {
  readonly versions: Versions;
  readonly cores: number;
  readonly cases: readonly FleetCase[];
  readonly met: boolean;
}

interface Options {
  readonly runs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Asks simulated hosts, from a list and by a real Prometheus, in a network namespace. */
export async function benchFleet({ runs, say, signal }: Options): Promise<FleetResult> {
  const [folder, namespace] = await Promise.all([makeLabFolder(), createNamespace()]);
  try {
    const agents = await namespace.startChild(benchProgram('serve-agents', String(PORT)));
    const list = async (name: string, silent: number): Promise<string> => {
      const lines = addresses().map((address, i) => `host-${i} ${address}:${i < silent ? PORT + 1 : PORT}\n`);
      await writeFile(join(folder.path, name), lines.join(''));
      return join(folder.path, name);
    };
    say('starting Prometheus');
    const prometheus = await startPrometheus(namespace, folder.path);
    const asked = [
      { name: `\`fleet --from\`, ${HOSTS} hosts`, args: ['--from', await list('all.txt', 0)], exit: 0 },
      {
        name: `the same, ${SILENT} of them silent (\`--timeout 3\`, as usual)`,
        ...{ args: ['--from', await list('silent.txt', SILENT)], exit: 3 },
      },
      { name: `\`fleet --prometheus\`, ${HOSTS} hosts`, args: ['--prometheus', 'http://127.0.0.1:9090'], exit: 0 },
    ];
    const cases: FleetCase[] = [];
    for (const { name, args, exit } of asked) {
      say(name);
      const samples: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        signal.throwIfAborted();
        samples.push(await timed(namespace, args, exit));
      }
      cases.push({ name, took: summarize(samples) });
    }
    await Promise.all([agents.stop(), prometheus.stop()]);
    const versions = { ...(await machineVersions()), Prometheus: await toolVersion(['prometheus', '--version']) };
    const met = cases.every(({ took }) => took.max < TARGET_MS);
    return { versions, cores: availableParallelism(), cases, met };
  } finally {
    await namespace.close();
    await folder.remove();
  }
}

const addresses = (): readonly string[] => Array.from({ length: HOSTS }, (_, i) => `127.1.${i >> 8}.${i & 255}`);

async function timed(namespace: Namespace, args: readonly string[], exit: number): Promise<number> {
  const began = performance.now();
  const { code, stdout, stderr } = await namespace.run([process.execPath, LAUNCHER, 'fleet', ...args, '--json']);
  const ms = performance.now() - began;
  if (code !== exit)
    throw new PortfenceError('SYSTEM', `portfence fleet ended with ${code} instead of ${exit}`, { detail: stderr });
  const { hosts } = JSON.parse(stdout);
  if (hosts.length !== HOSTS) throw new PortfenceError('SYSTEM', `it saw ${hosts.length} of ${HOSTS} hosts`);
  return ms;
}

/** A real one that has scraped every host. */
async function startPrometheus(namespace: Namespace, folder: string): Promise<{ stop(): Promise<void> }> {
  const targets = JSON.stringify(addresses().map((address) => `${address}:${PORT}`));
  const config = `
global: { scrape_interval: 10s }
scrape_configs: [{ job_name: portfence, static_configs: [{ targets: ${targets} }] }]
`;
  await writeFile(join(folder, 'prometheus.yml'), config);
  const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/tsdb`];
  const command = ['prometheus', ...flags, '--web.listen-address=127.0.0.1:9090'].join(' ');
  const child = await namespace.startChild([
    ...(['sh', '-c'] as const),
    `${command} 2>/dev/null & echo started; cat >/dev/null; kill $!; wait`,
  ]);
  const query = 'http://127.0.0.1:9090/api/v1/query?query=count(portfence_build_info)';
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    const { stdout } = await namespace.run(['curl', '-s', '--globoff', query]);
    if (stdout.includes(`"${HOSTS}"`)) return child;
    if (performance.now() > deadline) throw new PortfenceError('SYSTEM', 'Prometheus did not scrape every host');
    await sleep(500);
  }
}
