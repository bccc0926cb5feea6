import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../../src/errors.ts';
import { LAUNCHER, PORTS, raiseAgent, stateFolder } from '../agent/raise.ts';
import { POST_RULE } from '../compare/fences.ts';
import type { Ground } from './ground.ts';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const PATIENCE_MS = 20_000;

/** One column: what stands between containers and the network. */
export interface Contender {
  readonly id: 'none' | 'rule' | 'confine' | 'native';
  readonly name: string;
  readonly how: string;
  /** Raised before the containers start. */
  raise(ground: Ground): Promise<void>;
}

async function confine({ world, engine }: Ground): Promise<void> {
  const env = { PORTFENCE_STATE_DIR: await stateFolder(world) };
  const flags = ['--ports', PORTS, '--docker-host', engine.address];
  await world.host.expect([process.execPath, LAUNCHER, 'apply', ...flags], { env });
}

async function native(ground: Ground): Promise<void> {
  const { engine, world } = ground;
  const flags = ['--docker-host', engine.address, '--netns', `${engine.execRoot}/netns`];
  await raiseAgent(world, { enter: engine.enter, flags });
  const deadline = Date.now() + PATIENCE_MS;
  // Docker makes the folder with its first container.
  while ((await firstReading(ground)) !== PORTS.replace('-', '\t')) {
    if (Date.now() > deadline) throw new PortfenceError('SYSTEM', 'no container got its range from the agent');
    await sleep(100);
  }
}

/** What a new container reads with its first instruction. */
const firstReading = ({ engine, image }: Ground): Promise<string> =>
  engine.expect(['run', '--rm', image, 'cat', RANGE]);

export const CONTENDERS: readonly Contender[] = [
  { id: 'none', name: 'no fence', how: 'nothing', raise: async () => {} },
  {
    id: 'rule',
    name: "the origin post's rule",
    how: POST_RULE,
    raise: async ({ engine, world }) => {
      const [, ...args] = POST_RULE.split(' ');
      const { code, stderr } = await world.host.run(engine.enter(['iptables', ...args]));
      if (code !== 0) throw new PortfenceError('SYSTEM', `the rule can't be loaded: ${stderr.trim()}`);
    },
  },
  { id: 'confine', name: 'portfence, confine alone', how: `portfence apply --ports ${PORTS}`, raise: confine },
  { id: 'native', name: 'portfence, native + confine', how: `portfence agent --ports ${PORTS}`, raise: native },
];
