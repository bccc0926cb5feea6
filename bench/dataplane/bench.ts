import { availableParallelism } from 'node:os';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { machineVersions, toolVersion } from '../versions.ts';
import { withTestbed } from '../with-testbed.ts';
import { CASES } from './cases.ts';
import { FENCES, type MeasuredFence } from './fences.ts';
import { MIRRORS } from './host.ts';
import type { Cell, DataplaneResult, Row } from './result.ts';
import { type DataplaneSetup, setUpDataplane } from './setup.ts';
import { judge } from './targets.ts';

interface Options {
  /** How long each load lasts. */
  readonly seconds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Every fence in a testbed of its own, all open at the same time; case by case, one after the other. */
export async function benchDataplane({ seconds, say, signal }: Options): Promise<DataplaneResult> {
  const machine = { ...(await machineVersions()), iptables: await toolVersion(['iptables', '--version']) };
  const open = async (setups: readonly DataplaneSetup[]): Promise<{ rows: readonly Row[]; docker: string }> => {
    const fence = FENCES[setups.length];
    if (!fence) return { rows: await runCases(setups, { seconds, say, signal }), docker: await dockerOf(setups) };
    say(`${fence.name}: a fresh testbed and a fresh Docker engine`);
    const spec = { allowed: LAB_PORTS, mirrors: MIRRORS, countsOnly: true };
    return withTestbed(spec, signal, async (testbed) => open([...setups, await setUpDataplane(testbed, fence)]));
  };
  const { rows, docker } = await open([]);
  const targets = judge(rows);
  return {
    versions: { ...machine, Docker: docker },
    cores: availableParallelism(),
    seconds,
    rows,
    targets,
    met: targets.every(({ met }) => met),
  };
}

async function runCases(setups: readonly DataplaneSetup[], { seconds, say, signal }: Options): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const one of CASES) {
    const cells: [MeasuredFence['id'], Cell][] = [];
    for (const setup of setups) {
      signal.throwIfAborted();
      say(`${one.name}: ${setup.fence.name}`);
      await setup.testbed.acl.reset();
      const loaded = await one.run(setup, seconds);
      const { outOfRange } = await setup.testbed.acl.counters();
      cells.push([setup.fence.id, { ...loaded, outOfRange }]);
    }
    rows.push({ case: one, cells: Object.fromEntries(cells) as Row['cells'] });
  }
  return rows;
}

const dockerOf = async ([setup]: readonly DataplaneSetup[]): Promise<string> =>
  (await setup?.engine.expect(['version', '--format', '{{.Server.Version}}'])) ?? '';
