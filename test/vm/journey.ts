import type { Machine } from './machine.ts';
import { type Passed, pass, readyToPass } from './passing.ts';

/** One station of the way of a host, with what left it afterwards. */
export interface StepResult extends Passed {
  readonly name: string;
  /** Why it is not as promised; undefined where it is. */
  readonly failure: string | undefined;
}

export interface Packages {
  /** Paths of the package, and of a later version of it. */
  readonly first: string;
  readonly later: string;
}

interface Step {
  readonly name: string;
  /** Without a fence, connections hang. */
  readonly isOpen?: true;
  does(machine: Machine): Promise<void>;
}

const RANGE = '49152-61000';
const PACKAGE = '/root/portfence.deb';
const LATER_PACKAGE = '/root/portfence-later.deb';
/** Seconds that a fence gets to come back on a slow machine. */
const PATIENCE_S = 90;
const SETTLED = `for i in $(seq ${PATIENCE_S}); do portfence status >/root/status 2>&1 && exit 0; sleep 1; done; cat /root/status; exit 1`;
/** The container from which connections go comes back with Docker. */
const CLIENT_RUNS = `for i in $(seq ${PATIENCE_S}); do [ "$(docker inspect --format "{{.State.Running}}" client 2>/dev/null)" = true ] && exit 0; docker start client >/dev/null 2>&1; sleep 1; done; echo the container is not back; exit 1`;
/** Docker's own rules go with a flush of all rules, and come back with its restart. */
const RESTART_DOCKER = 'systemctl reset-failed docker; systemctl restart docker';
const CONNECTIONS = 'perl /opt/acl/client.pl 203.0.113.10 tcp 0 8 | grep -qx 8';
const BUILD = `mkdir -p /root/build && printf 'FROM lab\\nRUN ${CONNECTIONS}\\n' >/root/build/Dockerfile
DOCKER_BUILDKIT=0 docker build --no-cache -q /root/build && DOCKER_BUILDKIT=1 docker build --no-cache -q /root/build`;

const steps = (packages: Packages): readonly Step[] => [
  { name: 'no fence', isOpen: true, does: async () => {} },
  {
    name: 'installed from the package',
    does: async (machine) => {
      await machine.copy(packages.first, PACKAGE);
      await machine.must(`DEBIAN_FRONTEND=noninteractive dpkg -i ${PACKAGE}`);
      await machine.must('portfence status >/dev/null 2>&1 && exit 1 || exit 0'); // A package alone fences nothing.
      await machine.must(`portfence init --yes --ports ${RANGE} && portfence install systemd`);
    },
  },
  { name: 'builds by both builders', does: async (machine) => void (await machine.must(BUILD)) },
  {
    name: 'a network comes and goes',
    does: async (machine) =>
      void (await machine.must(
        `docker network create one && docker run --rm --network one lab sh -c '${CONNECTIONS}' && docker network rm one`,
      )),
  },
  { name: 'Docker restarted', does: async (machine) => void (await machine.must(RESTART_DOCKER)) },
  {
    name: 'nftables restarted',
    does: async (machine) => void (await machine.must(`systemctl restart nftables; ${RESTART_DOCKER}`)),
  },
  {
    name: 'all rules flushed',
    does: async (machine) => void (await machine.must(`nft flush ruleset; ${RESTART_DOCKER}`)),
  },
  {
    name: 'the agent killed',
    does: async (machine) =>
      void (await machine.must('kill -KILL $(systemctl show --value --property MainPID portfence-agent)')),
  },
  {
    name: 'upgraded',
    does: async (machine) => {
      await machine.copy(packages.later, LATER_PACKAGE);
      await machine.must(`DEBIAN_FRONTEND=noninteractive dpkg -i ${LATER_PACKAGE}`);
    },
  },
  { name: 'rebooted', does: (machine) => machine.reboot() },
  {
    name: 'verified from inside',
    does: async (machine) => void (await machine.must('portfence verify --connections 20')),
  },
];

const LEFT = `
set -e
DEBIAN_FRONTEND=noninteractive dpkg --purge portfence >/dev/null
! find /etc /run /var/lib /usr -xdev -name '*portfence*' -not -path '/var/lib/dpkg/*' | grep .
! { nft list ruleset; iptables-save; ip6tables-save; } 2>/dev/null | grep -i portfence
! pgrep -f /usr/bin/portfence
cat /proc/sys/net/ipv4/ip_local_port_range`;

/** The whole way of one host, or its first steps, and the end. It goes on behind a step that failed, as far as it can. */
export async function journey(
  machine: Machine,
  packages: Packages,
  onStep: (result: StepResult) => void,
  most?: number,
): Promise<readonly StepResult[]> {
  await readyToPass(machine);
  const results: StepResult[] = [];
  const record = (result: StepResult): void => {
    results.push(result);
    onStep(result);
  };
  for (const step of steps(packages).slice(0, most)) record(await oneStep(machine, step));
  record({ name: 'uninstalled: nothing is left', ...NOTHING, failure: await failureOf(() => machine.must(LEFT)) });
  return results;
}

/** Boots with user data, and what left after that. */
export async function firstBoot(machine: Machine, name: string): Promise<StepResult> {
  const settled = 'cloud-init status --wait >/dev/null; nft list table inet portfence >/dev/null';
  const failure = await failureOf(() => machine.must(settled));
  const passed = await pass(machine);
  return { name, ...passed, failure: failure ?? outside(passed) };
}

const NOTHING: Passed = { tried: 0, answered: 0, outOfRange: 0 };

async function oneStep(machine: Machine, { name, isOpen, does }: Step): Promise<StepResult> {
  const failed = await failureOf(() => does(machine));
  const settled =
    isOpen || failed
      ? undefined
      : await failureOf(async () => {
          await machine.must(SETTLED);
          await machine.must(CLIENT_RUNS);
        });
  const passed = await pass(machine);
  return { name, ...passed, failure: failed ?? settled ?? (isOpen ? open(passed) : outside(passed)) };
}

const open = ({ outOfRange }: Passed): string | undefined =>
  outOfRange > 0 ? undefined : 'nothing hung without a fence';

function outside({ tried, answered, outOfRange }: Passed): string | undefined {
  if (outOfRange > 0) return `${outOfRange} packets left out of range`;
  return answered === tried ? undefined : `${tried - answered} of ${tried} had no answer`;
}

async function failureOf(work: () => Promise<unknown>): Promise<string | undefined> {
  return work().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
