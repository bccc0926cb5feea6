import { describe, expect, test } from 'vitest';
import { follow } from '../../src/nat/follow.ts';
import type { FlowsAtHand } from '../../src/nat/known-answers.ts';
import { standingNat } from '../../src/nat/standing.ts';
import { programText } from './program-text.ts';

/** The program of nat rules in iptables-save's words, without the frame of a whole listing. */
function programOf(rules: string, flows: FlowsAtHand = {}): string {
  const names = new Set([...rules.matchAll(/-A (\S+)/g)].map(([, name]) => name).concat('POSTROUTING'));
  const text = ['*nat', ...[...names].map((name) => `:${name} - [0:0]`), rules.trim(), 'COMMIT', ''].join('\n');
  return programText(follow(standingNat({ saved: [{ backend: 'iptables-nft', family: 'ipv4', text }] }).ipv4, flows));
}

describe('what the rules of iptables decide', () => {
  test('no rule at all keeps every address', () => {
    expect(programOf('')).toBe('nat_0 (start):\n  keep');
  });

  test("Docker's masquerade holds for its network's way out", () => {
    expect(programOf('-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE')).toBe(
      ['nat_0 (start):', '  source 172.17.0.0/16 ! leaves-by docker0 masquerade', '  keep'].join('\n'),
    );
  });

  test('a condition that the uplinks answer is not asked', () => {
    expect(
      programOf('-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n-A POSTROUTING -o docker0 -j MASQUERADE', {
        leavesBy: ['eth0'],
      }),
    ).toBe(['nat_0 (start):', '  source 172.17.0.0/16 masquerade', '  keep'].join('\n'));
  });

  test('what IPsec will encrypt is asked for, in whatever order the options stand', () => {
    expect(
      programOf(`
-A POSTROUTING -m policy --pol ipsec --dir out -j ACCEPT
-A POSTROUTING -o eth0 -m policy --dir out --pol none -j MASQUERADE`),
    ).toMatchInlineSnapshot(`
      "nat_0 (start):
        ipsec keep
        leaves-by eth0 masquerade
        keep"
    `);
  });

  test("only programs of this host have owners, and what asks for another's leads past the owner's packets", () => {
    expect(
      programOf(`
-A POSTROUTING -m owner --uid-owner 1000-1999 --gid-owner 5 -j SNAT --to-source 198.51.100.77
-A POSTROUTING -o eth0 -m owner ! --uid-owner 0 -j MASQUERADE
-A POSTROUTING -m cgroup --cgroup 7 -j SNAT --to-source 198.51.100.78`),
    ).toMatchInlineSnapshot(`
      "nat_0:
        made-here unfollowed (-m cgroup --cgroup 7)
        keep
      nat_1 (start):
        user 1000-1999 group 5-5 snat 198.51.100.77
        leaves-by eth0 user 0-0 goto nat_0
        leaves-by eth0 masquerade
        made-here unfollowed (-m cgroup --cgroup 7)
        keep"
    `);
  });

  test.each([
    ['-m owner --gid-owner 5 --suppl-groups', 'made-here unfollowed (-m owner --gid-owner 5 --suppl-groups)'],
    ['-m owner ! --gid-owner 5 --suppl-groups', 'made-here unfollowed (-m owner ! --gid-owner 5 --suppl-groups)'],
    ['-m owner --socket-exists', 'made-here unfollowed (-m owner --socket-exists)'],
    ['-m owner ! --socket-exists', 'unfollowed (-m owner ! --socket-exists)'],
    ['-m owner --uid-owner 4294967296', 'made-here unfollowed (-m owner --uid-owner 4294967296)'],
    ['-m cgroup ! --path a/b', 'made-here unfollowed (-m cgroup ! --path a/b)'],
  ])('%s is asked for what programs of this host send alone, where it can be', (match, line) => {
    expect(programOf(`-A POSTROUTING ${match} -j MASQUERADE`)).toContain(`  ${line}`);
  });

  test("kube-proxy's mark is asked of the packet as it came, and taken off by the decision", () => {
    expect(
      programOf(`
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m addrtype ! --dst-type LOCAL -m comment --comment "kind-masq-agent" -j KIND-MASQ-AGENT
-A KIND-MASQ-AGENT -d 10.244.0.0/16 -j RETURN
-A KIND-MASQ-AGENT -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully`),
    ).toMatchInlineSnapshot(`
      "nat_0:
        destination 10.244.0.0/16 keep
        masquerade
      nat_1:
        ! destination-type local goto nat_0
        keep
      nat_2 (start):
        ! mark 4000/4000 goto nat_1
        masquerade mark ffffffff^4000"
    `);
  });

  test("flannel's chain becomes one list, its returns keeping the address", () => {
    expect(
      programOf(`
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/24 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 -d 10.42.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully`),
    ).toMatchInlineSnapshot(`
      "nat_0 (start):
        mark 4000/4000 keep
        source 10.42.0.0/24 destination 10.42.0.0/16 keep
        source 10.42.0.0/16 destination 10.42.0.0/24 keep
        ! source 10.42.0.0/16 destination 10.42.0.0/24 keep
        source 10.42.0.0/16 ! destination 224.0.0.0/4 masquerade
        ! source 10.42.0.0/16 destination 10.42.0.0/16 masquerade
        keep"
    `);
  });

  test('an IPsec exception leaves alone what it could concern, and the rest is followed', () => {
    expect(
      programOf(`
-A POSTROUTING -m policy --dir out --pol ipsec --proto esp -j ACCEPT
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE`),
    ).toMatchInlineSnapshot(`
      "nat_0 (start):
        source 172.17.0.0/16 ! leaves-by docker0 unfollowed (-m policy --dir out --pol ipsec --proto esp)
        keep"
    `);
  });

  test("Calico's ipsets leave alone whatever Docker's rule does not masquerade all the same", () => {
    expect(
      programOf(`
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" -j cali-fip-snat
-A cali-POSTROUTING -m comment --comment "cali:nYKhEzDlr11Jccal" -j cali-nat-outgoing
-A cali-nat-outgoing -m comment --comment "cali:flqWnvo8yq4ULQLa" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE --random-fully
-A cali-fip-snat -m comment --comment x -j LOG`),
    ).toMatchInlineSnapshot(`
      "nat_0 (start):
        source 172.17.0.0/16 ! leaves-by docker0 masquerade
        unfollowed (-m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst)"
    `);
  });

  test('a rule that asks for ports names their protocol, though it is known', () => {
    expect(
      programOf(
        `
-A POSTROUTING -p tcp -j ONE
-A ONE -p tcp -m tcp --dport 443 -j MASQUERADE
-A ONE -p tcp -m tcp --dport 80 -j SNAT --to-source 192.0.2.1`,
        { protocols: [6] },
      ),
    ).toMatchInlineSnapshot(`
      "nat_0 (start):
        protocol 6 destination-port 443 masquerade
        protocol 6 destination-port 80 snat 192.0.2.1
        keep"
    `);
  });
});
