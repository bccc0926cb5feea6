import { describe, expect, it } from 'vitest';
import { observeHost } from '../../src/observe/observe-host.ts';
import type { Family } from '../../src/ports.ts';
import { failed, type Script, scriptedSystem } from '../support/scripted-system.ts';
import { fixture } from './fixture.ts';

const script = (commands: Script['commands'] = {}): Script => ({
  commands: {
    'ip -j -d address show': fixture('ip-address.docker.json'),
    'ip -j -4 route show table all': '[{"dst":"default","dev":"eth0"}]',
    'ip -j -6 route show table all': '[]',
    'nft -j list chains': fixture('nft-chains.docker.json'),
    'nft -j list ruleset': '{"nftables":[]}',
    'iptables-nft-save -t nat': fixture('iptables-save.docker.txt'),
    'ip6tables-nft-save -t nat': '',
    ...commands,
  },
  files: {
    '/proc/sys/net/ipv4/ip_local_port_range': '49152\t61000\n',
    '/proc/sys/net/ipv4/ip_local_reserved_ports': '50000\n',
    '/proc/net/udp': fixture('proc-net-udp.txt'),
  },
  sockets: {
    '/var/run/docker.sock /version': {},
    '/var/run/docker.sock /networks': JSON.parse(fixture('docker-networks.json')),
    '/var/run/docker.sock /containers/json': JSON.parse(fixture('docker-containers.json')),
    '/var/run/docker.sock /networks/docker_gwbridge': JSON.parse(fixture('docker-gwbridge.json')),
  },
});

describe('observeHost', () => {
  it('gathers everything, and takes settings from before the fence instead of its own', async () => {
    const before = { localPortRange: { from: 32768, to: 60999 }, reservedPorts: [], lastUplinks: ['eth1'] };
    const { facts, notes } = await observeHost(scriptedSystem(script()), { saved: before });
    expect(facts).toMatchObject({ ...before, defaultRouteDevices: ['eth0'], unprivilegedPortStart: 1024 });
    expect(facts.engineNat).toEqual(['ipv4', 'ipv6']);
    expect(facts.networks).toHaveLength(9);
    expect(facts.published.length).toBeGreaterThan(5);
    expect(facts.published).toContainEqual({ address: '172.18.0.2', protocol: 'tcp', port: 80 });
    expect(facts.standingNat.ipv4).toHaveLength(1);
    expect(facts.boundPorts).toEqual([{ protocol: 'udp', port: 41_641 }]);
    expect(notes).toEqual([]);
  });

  it('reads the present settings where nothing was saved', async () => {
    const { facts } = await observeHost(scriptedSystem(script()), { saved: {} });
    expect(facts).toMatchObject({
      localPortRange: { from: 49152, to: 61000 },
      reservedPorts: [{ from: 50000, to: 50000 }],
      lastUplinks: [],
    });
  });

  it('takes an engine for masquerading as before while no rule of any engine is left, and never where one is', async () => {
    const flushed = { 'nft -j list chains': '{"nftables":[]}' };
    const families = async (commands: Script['commands'], engineNat: readonly Family[], more: Partial<Script> = {}) =>
      (await observeHost(scriptedSystem({ ...script(commands), ...more }), { saved: { engineNat } })).facts.engineNat;
    expect(await families(flushed, ['ipv4', 'ipv6'])).toEqual(['ipv4', 'ipv6']);
    expect(await families(flushed, ['ipv4', 'ipv6'], { sockets: {} })).toEqual([]);
    const chain = { family: 'ip', table: 'nat', name: 'DOCKER', handle: 1 };
    const onlyIpv4 = { 'nft -j list chains': JSON.stringify({ nftables: [{ chain }] }) };
    expect(await families(onlyIpv4, ['ipv4', 'ipv6'])).toEqual(['ipv4']);
  });

  it('says what it could not know: no nft, an engine that does not answer', async () => {
    const system = scriptedSystem({
      ...script({ 'nft -j list chains': failed(127, 'spawn nft ENOENT') }),
      sockets: { '/run/podman/podman.sock /version': new Error('socket hang up') },
    });
    const { facts, notes } = await observeHost(system, { saved: {} });
    expect(facts.engineNat).toEqual([]);
    expect(notes).toEqual([
      expect.stringMatching(/podman .*does not tell its networks/),
      expect.stringMatching(/nft is missing/),
    ]);
  });

  it('goes on to throw where rights are missing', async () => {
    const words = 'netlink: Error: cache initialization failed: Operation not permitted';
    const system = scriptedSystem(script({ 'nft -j list chains': failed(1, words) }));
    await expect(observeHost(system, { saved: {} })).rejects.toMatchObject({ code: 'NOT_ROOT' });
  });
});
