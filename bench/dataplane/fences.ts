import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../../src/errors.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import { LAUNCHER, PORTS, startBenchAgent, stateFolder } from '../agent/start-agent.ts';
import { POST_RULE } from '../compare/fences.ts';
import type { DataplaneHost } from './host.ts';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const PATIENCE_MS = 20_000;

/** One column: what stands between containers and the network. */
export interface MeasuredFence {
  readonly id: 'none' | 'rule' | 'confine' | 'native';
  readonly name: string;
  readonly how: string;
  /** Raised before the containers start. */
  raise(host: DataplaneHost): Promise<void>;
  /** Makes it follow rules of others that have come or gone; absent where there is nothing that could. */
  follow?(host: DataplaneHost): Promise<void>;
}

const folders = new WeakMap<Testbed, string>();

async function confine({ testbed, engine }: DataplaneHost): Promise<void> {
  const folder = folders.get(testbed) ?? (await stateFolder(testbed));
  folders.set(testbed, folder);
  const env = { PORTFENCE_STATE_DIR: folder };
  const flags = ['--ports', PORTS, '--docker-host', engine.address];
  await testbed.host.expect([process.execPath, LAUNCHER, 'apply', ...flags], { env });
}

async function native(host: DataplaneHost): Promise<void> {
  const { engine, testbed } = host;
  const flags = ['--docker-host', engine.address, '--netns', `${engine.execRoot}/netns`];
  await startBenchAgent(testbed, { enter: engine.enter, flags });
  const deadline = Date.now() + PATIENCE_MS;
  // Docker makes the folder with its first container.
  while ((await firstReading(host)) !== PORTS.replace('-', '\t')) {
    if (Date.now() > deadline) throw new PortfenceError('SYSTEM', 'no container got its range from the agent');
    await sleep(100);
  }
}

/** What a new container reads with its first instruction. */
const firstReading = ({ engine, image }: DataplaneHost): Promise<string> =>
  engine.expect(['run', '--rm', image, 'cat', RANGE]);

/** The columns of the page, in its order. */
export const FENCES: readonly MeasuredFence[] = [
  { id: 'none', name: 'no fence', how: 'nothing', raise: async () => {} },
  {
    id: 'rule',
    name: "the origin post's rule",
    how: POST_RULE,
    raise: async ({ engine, testbed }) => {
      const [, ...args] = POST_RULE.split(' ');
      const { code, stderr } = await testbed.host.run(engine.enter(['iptables', ...args]));
      if (code !== 0) throw new PortfenceError('SYSTEM', `the rule can't be loaded: ${stderr.trim()}`);
    },
  },
  {
    id: 'confine',
    name: 'portfence, confine alone',
    how: `portfence apply --ports ${PORTS}`,
    raise: confine,
    follow: confine,
  },
  {
    id: 'native',
    name: 'portfence, native + confine',
    how: `portfence agent --ports ${PORTS}`,
    raise: native,
    follow: async () => {},
  },
];
