import process from 'node:process';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { portsText } from '../../src/ports.ts';
import { LAUNCHER } from '../agent/start-agent.ts';
import type { ComparisonSetup } from './setup.ts';

/** One column: what is done, once, on a host whose engine has started. */
export interface ComparedFence {
  readonly id: 'none' | 'rule' | 'portfence';
  readonly name: string;
  raise(setup: ComparisonSetup): Promise<void>;
}

/** As the post gives it. */
export const POST_RULE =
  'iptables -t nat -I POSTROUTING -p tcp -m tcp --sport 32768:61000 -j MASQUERADE --to-ports 49152-61000';
/** The command line that makes the fence. */
export const APPLY = ['apply', '--ports', portsText(LAB_PORTS)];

/** The columns of the comparison. */
export const FENCES: { readonly [Id in ComparedFence['id']]: ComparedFence } = {
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
    raise: async ({ testbed, engine }) => {
      const state = await makeLabFolder();
      testbed.onClose(state.remove);
      const argv = [process.execPath, LAUNCHER, ...APPLY, '--docker-host', engine.address] as const;
      await testbed.host.expect(argv, { env: { PORTFENCE_STATE_DIR: state.path } });
    },
  },
};
