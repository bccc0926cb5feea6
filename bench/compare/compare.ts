import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { machineVersions, toolVersion, type Versions } from '../versions.ts';
import { withTestbed } from '../with-testbed.ts';
import { CASES } from './cases.ts';
import { type ComparedFence, FENCES } from './fences.ts';
import { isClean, type Outcome } from './outcome.ts';
import { PUBLISHED } from './probes.ts';
import { MIRRORS, setUpComparison } from './setup.ts';

/** One case under every fence. */
export interface Row {
  readonly name: string;
  readonly tried: string;
  readonly outcomes: Readonly<Record<ComparedFence['id'], Outcome>>;
}

/** What every case came to. */
export interface ComparisonResult {
  readonly versions: Versions;
  /** Whether every case went well under portfence. */
  readonly clean: boolean;
  readonly rows: readonly Row[];
  /** Cases that this machine can't try. */
  readonly untried: readonly string[];
}

interface Options {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

interface Tried {
  readonly docker: string;
  readonly outcomes: readonly (Outcome | undefined)[];
}

/** Tries every case under every fence, each fence in a fresh testbed with a fresh engine. About two minutes. */
export async function compareFences({ say, signal }: Options): Promise<ComparisonResult> {
  const machine = { ...(await machineVersions()), iptables: await toolVersion(['iptables', '--version']) };
  const tryIn = (fence: ComparedFence): Promise<Tried> => tryFence(fence, { say, signal });
  const none = await tryIn(FENCES.none);
  const rule = await tryIn(FENCES.rule);
  const portfence = await tryIn(FENCES.portfence);
  const rows = CASES.flatMap(({ name, tried }, index): Row[] => {
    const [a, b, c] = [none, rule, portfence].map(({ outcomes }) => outcomes[index]);
    return a && b && c ? [{ name, tried, outcomes: { none: a, rule: b, portfence: c } }] : [];
  });
  return {
    versions: { ...machine, Docker: none.docker },
    clean: rows.every(({ outcomes }) => isClean(outcomes.portfence)),
    rows,
    untried: CASES.map(({ name }) => name).filter((name) => !rows.some((row) => row.name === name)),
  };
}

function tryFence(fence: ComparedFence, { say, signal }: Options): Promise<Tried> {
  say(`${fence.name}: a fresh testbed and a fresh Docker engine`);
  return withTestbed({ allowed: LAB_PORTS, published: [PUBLISHED], mirrors: MIRRORS }, signal, async (testbed) => {
    const setup = await setUpComparison(testbed);
    await fence.raise(setup);
    const outcomes: (Outcome | undefined)[] = [];
    for (const { name, try: attempt } of CASES) {
      say(`${fence.name}: ${name}`);
      outcomes.push(await attempt(setup));
    }
    return { docker: await setup.engine.expect(['version', '--format', '{{.Server.Version}}']), outcomes };
  });
}
