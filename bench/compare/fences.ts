import process from 'node:process';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { portsText } from '../../src/ports.ts';
import { LAUNCHER } from '../agent/raise.ts';
import type { Site } from './site.ts';

/** One column: what is done, once, on a host whose engine has started. */
export interface Fence {
  readonly id: 'none' | 'rule' | 'portfence';
  readonly name: string;
  raise(site: Site): Promise<void>;
}

/** As the post gives it. */
export const POST_RULE =
  'iptables -t nat -I POSTROUTING -p tcp -m tcp --sport 32768:61000 -j MASQUERADE --to-ports 49152-61000';
export const APPLY = ['apply', '--ports', portsText(LAB_PORTS)];

export const FENCES: { readonly [Id in Fence['id']]: Fence } = {
  none: { id: 'none', name: 'no fence', raise: async () => {} },
  rule: {
    id: 'rule',
    name: "the origin post's rule",
    raise: ({ onHost }) => {
      const [, ...args] = POST_RULE.split(' ');
      return onHost(['iptables', ...args]);
    },
  },
  portfence: {
    id: 'portfence',
    name: 'portfence',
    raise: async ({ world, engine }) => {
      const state = await makeLabFolder();
      world.onClose(state.remove);
      const argv = [process.execPath, LAUNCHER, ...APPLY, '--docker-host', engine.address] as const;
      await world.host.expect(argv, { env: { PORTFENCE_STATE_DIR: state.path } });
    },
  },
};
