/** Takes virtual machines through everything that a host goes through. Run by `npm run vm`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { buildDeb } from '../../scripts/release/deb-file.ts';
import { buildExecutables } from '../../scripts/release/executable-file.ts';
import { must, version } from '../../scripts/release/project.ts';
import { machineImage, SUITES, type Suite } from './image.ts';
import { toolVersions } from './inside-versions.ts';
import { firstBoot, journey, type StepResult } from './journey.ts';
import { type Machine, startMachine } from './machine.ts';
import { type HostResult, hostsPage } from './page.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', multiple: true, default: [...SUITES] },
    out: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    kernel: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});
const HELP = `npm run vm -- [--host ${SUITES.join('|')}]... [--out FILE] [--smoke] [--kernel ARGUMENT]...

Boots virtual machines by software emulation and takes each through installation, builds, restarts, flushes, an upgrade
and a reboot; about 15 minutes a host. The page has the newest run of every host. --smoke boots one, installs and stops.
--kernel boots with a further argument (ipv6.disable=1, systemd.unified_cgroup_hierarchy=0); such runs are not kept for the page. Exit 1 where something is not as promised.`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const cache = join(process.env['XDG_CACHE_HOME'] ?? tmpdir(), 'portfence-vm');
const RESULTS = join(cache, 'results.json');
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort(new Error('stopped')));

if (values.help) process.stdout.write(`${HELP}\n`);
else process.exitCode = await main(values.host.map(suiteOf));

function suiteOf(name: string): Suite {
  const suite = SUITES.find((one) => one === name);
  if (!suite) throw new Error(`--host: one of ${SUITES.join(', ')}, not ${name}`);
  return suite;
}

async function main(suites: readonly Suite[]): Promise<number> {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  say('building the packages');
  await buildExecutables(['x64']);
  const packages = {
    first: join(cache, await buildDeb('x64', { into: cache, fast: true })),
    later: join(cache, await buildDeb('x64', { as: `${version}+1`, into: cache, fast: true })),
  };
  const isOrdinary = !values.smoke && values.kernel.length === 0;
  const known = isOrdinary ? await knownResults() : [];
  const hosts: HostResult[] = [];
  for (const suite of suites) {
    const tell = (line: string): void => say(`${suite}: ${line}`);
    const image = await machineImage(cache, suite, tell);
    const onStep = ({ name, tried, answered, outOfRange, failure }: StepResult): void =>
      tell(
        `${name}: ${outOfRange} out of range, ${answered} of ${tried} answered${failure ? `; NOT AS PROMISED: ${failure}` : ''}`,
      );
    const on = async <T>(work: (machine: Machine) => Promise<T>, userData?: string): Promise<T> => {
      tell(userData === undefined ? 'booting' : 'booting for the first time, with user data');
      const machine = await startMachine(cache, image, {
        signal: stopping.signal,
        kernel: values.kernel,
        ...(userData === undefined ? {} : { firstBoot: { userData } }),
      });
      return work(machine).finally(machine.close);
    };
    const { versions, steps } = await on(async (machine) => ({
      versions: await toolVersions(machine),
      steps: await journey(machine, packages, onStep, values.smoke ? 3 : undefined),
    }));
    const more = suite === 'bullseye' || values.smoke ? [] : await firstBoots(on, onStep);
    const day = new Date().toISOString().slice(0, 10);
    hosts.push({ host: `Debian ${suite}`, day, versions, steps: [...steps, ...more] });
    const all = inOrder([...known.filter(({ host }) => !hosts.some((one) => one.host === host)), ...hosts]);
    if (isOrdinary) await writeFile(RESULTS, JSON.stringify(all));
    if (values.out) await writeFile(values.out, `${hostsPage(all).join('\n')}\n`);
    else process.stdout.write(`${hostsPage(all).join('\n')}\n`);
  }
  return hosts.some(({ steps }) => steps.some(({ failure }) => failure !== undefined)) ? 1 : 0;
}

/** The newest results of all hosts: a page has them all, whichever were run today. */
async function knownResults(): Promise<readonly HostResult[]> {
  const text = await readFile(RESULTS, 'utf8').catch(() => '[]');
  return JSON.parse(text);
}

function inOrder(hosts: readonly HostResult[]): readonly HostResult[] {
  return SUITES.flatMap((suite) => hosts.filter(({ host }) => host === `Debian ${suite}`));
}

/** Both forms of user data; Debian 11's nft does not take them. */
async function firstBoots(
  on: <T>(work: (machine: Machine) => Promise<T>, userData: string) => Promise<T>,
  onStep: (result: StepResult) => void,
): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const format of ['cloud-config', 'shell'] as const) {
    const userData = await must([
      ...([process.execPath, 'bin/portfence', 'install', 'cloud-init'] as const),
      ...['--ports', '49152-61000', '--format', format],
    ]);
    const result = await on((machine) => firstBoot(machine, `user data at the first boot, ${format}`), userData);
    onStep(result);
    results.push(result);
  }
  return results;
}
