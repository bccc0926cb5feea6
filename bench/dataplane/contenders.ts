import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PortfenceError } from '../../src/errors.ts';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { portsText } from '../../src/ports.ts';
import { startLogged } from '../../src/system/held.ts';
import { POST_RULE } from '../compare/fences.ts';
import type { Ground } from './ground.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/portfence', import.meta.url));
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

const ports = portsText(LAB_PORTS);

async function stateFolder({ world }: Ground): Promise<string> {
  const folder = await makeLabFolder();
  world.onClose(folder.remove);
  return folder.path;
}

async function confine(ground: Ground): Promise<void> {
  const env = { PORTFENCE_STATE_DIR: await stateFolder(ground) };
  const flags = ['--ports', ports, '--docker-host', ground.engine.address];
  await ground.world.host.expect([process.execPath, LAUNCHER, 'apply', ...flags], { env });
}

/** The engine's room ends the agent when it closes. */
async function native(ground: Ground): Promise<void> {
  const { engine, world } = ground;
  const state = await stateFolder(ground);
  const flags = ['--ports', ports, '--docker-host', engine.address, '--netns', `${engine.execRoot}/netns`];
  const command = [process.execPath, LAUNCHER, 'agent', ...flags];
  const env = { PORTFENCE_STATE_DIR: state };
  await startLogged(engine.enter(['env', ...entries(env), ...command]), join(state, 'agent.log'));
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const fence = await world.host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'confine']);
    if (fence.code === 0 && (await firstReading(ground)) === ports.replace('-', '\t')) return;
    if (Date.now() > deadline) throw new PortfenceError('SYSTEM', 'no container got its range from the agent');
    await sleep(100);
  }
}

const entries = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).map(([name, value]) => `${name}=${value}`);

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
  { id: 'confine', name: 'portfence, confine alone', how: `portfence apply --ports ${ports}`, raise: confine },
  { id: 'native', name: 'portfence, native + confine', how: `portfence agent --ports ${ports}`, raise: native },
];
