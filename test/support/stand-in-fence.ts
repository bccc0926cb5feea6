import type { RunPortfence } from '../../src/lab/scenario.ts';

const RULES = `table inet stand_in {
  chain confine {
    type nat hook postrouting priority 50; policy accept;
    oifname eth0 meta l4proto { tcp, udp } masquerade to :49152-61000
  }
}
`;

/** The least that does the fence's job in the lab, so that the lab is tested apart from portfence itself. */
export const standInFence: RunPortfence = async ([command], { ns }) => {
  if (command === 'verify') {
    const check = { name: 'stand-in', outcome: 'pass', attempts: 1, inRange: 1, outOfRange: 0 };
    return { code: 0, stdout: JSON.stringify({ ok: true, checks: [check] }), stderr: '' };
  }
  await ns.expect(['nft', '-f', '-'], { input: RULES });
  for (const family of ['ipv4', 'ipv6']) await ns.run(['conntrack', '-D', '-u', 'UNREPLIED', '-f', family]);
  return { code: 0, stdout: '', stderr: '' };
};
