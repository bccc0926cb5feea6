import { HOST } from '../../src/lab/topology.ts';
import type { Argv } from '../../src/system/system.ts';
import type { Disturbance } from './disturbances.ts';
import type { Tools } from './tools.ts';

const CONTAINERS = '172.16.0.0/12';

/** Docker may use the nat table at the same moment, and a flush may have taken away what is to go. */
const iptables = (...words: readonly string[]): Argv => ['iptables', '-w', '-t', 'nat', ...words];

/** Runs commands in turn until one fails, with a pause after those that the rules are to stand for a while after. */
async function inTurn(tools: Tools, steps: readonly (readonly Argv[])[]): Promise<string | undefined> {
  for (const commands of steps) {
    for (const command of commands) {
      const problem = await tools.setup.onHost(command);
      if (problem) return problem;
    }
    await tools.pause(tools.step.lasts);
  }
  return undefined;
}

/** NAT rules of others come, change and go. They give every flow the address that it would have without them. */
export const FOREIGN_NAT: readonly Disturbance[] = [
  {
    name: 'foreign iptables NAT',
    does: "a chain with a source address for containers comes before Docker's rules, gets an exception, goes",
    ends: 'nothing',
    lasts: [100, 1500],
    run: async (tools) => {
      const chain = `CHAOS-${tools.step.round}-${tools.step.pick}`;
      const snat = ['-s', CONTAINERS, '-o', 'eth0', '-j', 'SNAT', '--to-source', HOST.ipv4];
      const problem = await inTurn(tools, [
        [iptables('-N', chain), iptables('-A', chain, ...snat), iptables('-I', 'POSTROUTING', '-j', chain)],
        [iptables('-I', chain, '-s', CONTAINERS, '-d', '192.0.2.0/24', '-j', 'RETURN')],
      ]);
      await tools.setup.onHost(iptables('-D', 'POSTROUTING', '-j', chain));
      await tools.setup.onHost(iptables('-F', chain));
      await tools.setup.onHost(iptables('-X', chain));
      // A flush of all rules may come between.
      return problem?.includes('No chain') ? undefined : problem;
    },
  },
  {
    name: 'foreign nft NAT',
    does: 'a table of nft that masquerades containers at priority 95 comes, gets a map of addresses, goes',
    ends: 'nothing',
    lasts: [100, 1500],
    run: async (tools) => {
      const table = `chaos_${tools.step.round}_${tools.step.pick}`;
      const base = 'type nat hook postrouting priority 95; policy accept;';
      const from = `ip saddr ${CONTAINERS} oifname "eth0"`;
      const problem = await inTurn(tools, [
        [['nft', `table ip ${table} { chain out { ${base} ${from} ip daddr != 192.0.2.0/24 masquerade; }; }`]],
        [['nft', `insert rule ip ${table} out ${from} snat to ip daddr map { 203.0.113.0/24 : ${HOST.ipv4} }`]],
      ]);
      await tools.setup.onHost(['nft', 'delete', 'table', 'ip', table]);
      return problem?.includes('No such file') ? undefined : problem;
    },
  },
];
