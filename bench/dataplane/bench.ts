import { availableParallelism } from 'node:os';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { machineVersions, toolVersion } from '../versions.ts';
import { withWorld } from '../with-world.ts';
import { CASES } from './cases.ts';
import { CONTENDERS, type Contender } from './contenders.ts';
import { MIRRORS } from './ground.ts';
import type { Cell, DataplaneSeen, Row } from './seen.ts';
import { openSite, type Site } from './site.ts';
import { judge } from './targets.ts';

interface Options {
  /** How long each load lasts. */
  readonly seconds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Every contender in a world of its own, all open at the same time; case by case, one after the other. */
export async function benchDataplane({ seconds, say, signal }: Options): Promise<DataplaneSeen> {
  const machine = { ...(await machineVersions()), iptables: await toolVersion(['iptables', '--version']) };
  const open = async (sites: readonly Site[]): Promise<{ rows: readonly Row[]; docker: string }> => {
    const contender = CONTENDERS[sites.length];
    if (!contender) return { rows: await runCases(sites, { seconds, say, signal }), docker: await dockerOf(sites) };
    say(`${contender.name}: a fresh world and a fresh Docker engine`);
    const spec = { allowed: LAB_PORTS, mirrors: MIRRORS, countsOnly: true };
    return withWorld(spec, signal, async (world) => open([...sites, await openSite(world, contender)]));
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

async function runCases(sites: readonly Site[], { seconds, say, signal }: Options): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const one of CASES) {
    const cells: [Contender['id'], Cell][] = [];
    for (const site of sites) {
      signal.throwIfAborted();
      say(`${one.name}: ${site.contender.name}`);
      await site.world.acl.reset();
      const loaded = await one.run(site, seconds);
      const { outOfRange } = await site.world.acl.counters();
      cells.push([site.contender.id, { ...loaded, outOfRange }]);
    }
    rows.push({ case: one, cells: Object.fromEntries(cells) as Row['cells'] });
  }
  return rows;
}

const dockerOf = async ([site]: readonly Site[]): Promise<string> =>
  (await site?.engine.expect(['version', '--format', '{{.Server.Version}}'])) ?? '';
