import { describe, expect, it } from 'vitest';
import { observeEngines, readNetworks, readPodmanNetworks, readPublishedPorts } from '../../src/observe/engines.ts';
import { type Script, scriptedSystem } from '../support/scripted-system.ts';
import { fixture } from './fixture.ts';

const recorded = (name: string): unknown => JSON.parse(fixture(name));
const DOCKER = '/var/run/docker.sock';
const PODMAN = '/run/podman/podman.sock';

const docker = (socket: string): NonNullable<Script['sockets']> => ({
  [`${socket} /version`]: { Components: [{ Name: 'Engine', Version: '20.10.24' }] },
  [`${socket} /networks`]: recorded('docker-networks.json'),
  [`${socket} /containers/json`]: recorded('docker-containers.json'),
  [`${socket} /networks/docker_gwbridge`]: recorded('docker-gwbridge.json'),
});

const podman = (socket: string): NonNullable<Script['sockets']> => ({
  [`${socket} /version`]: { Components: [{ Name: 'Podman Engine', Version: '4.3.1' }] },
  [`${socket} /networks`]: [],
  [`${socket} /containers/json`]: [],
  [`${socket} /v4.0.0/libpod/networks/json`]: recorded('podman-networks.json'),
});

describe('readNetworks', () => {
  const networks = readNetworks(recorded('docker-networks.json'));
  const named = (name: string) => networks.find((network) => network.name === name);

  it('leaves out networks that are not the containers own way out', () => {
    expect(networks.map(({ name }) => name).sort()).toEqual(
      ['bridge', 'docker_gwbridge', 'hostip', 'inner', 'ipv', 'mac', 'nomasq', 'plain', 'six'].sort(),
    );
  });

  it('finds the bridge by option, by id, or by being the default', () => {
    expect(named('six')).toEqual({
      engine: 'docker',
      name: 'six',
      bridge: 'custom0',
      subnets: ['172.30.0.0/24', 'fd00:30::/64'],
      routed: [],
      sourceAddress: undefined,
      internal: false,
    });
    expect(named('plain')?.bridge).toBe('br-8d10e1029e92');
    expect(named('bridge')?.bridge).toBe('docker0');
    expect(readNetworks([{ Name: 'bridge', Driver: 'bridge' }])[0]?.bridge).toBe('docker0');
  });

  it('gives macvlan and ipvlan no bridge', () => {
    expect(named('mac')).toMatchObject({ bridge: undefined, bypass: 'macvlan', subnets: ['10.99.0.0/24'] });
    expect(named('ipv')).toMatchObject({ bridge: undefined, bypass: 'ipvlan' });
    expect(named('plain')?.bypass).toBeUndefined();
  });

  it('tells routed, internal and fixed-address networks', () => {
    expect(named('nomasq')?.routed).toEqual(['ipv4', 'ipv6']);
    expect(named('inner')?.internal).toBe(true);
    expect(named('hostip')?.sourceAddress).toBe('198.51.100.10');
    const mode = (value: string) => ({ 'com.docker.network.bridge.gateway_mode_ipv6': value });
    const routed = (Options: unknown) => readNetworks([{ Name: 'n', Driver: 'bridge', Options }])[0]?.routed;
    expect(routed(mode('routed'))).toEqual(['ipv6']);
    expect(routed(mode('nat-unprotected'))).toEqual([]);
    expect(routed({ 'com.docker.network.bridge.enable_ip_masquerade': 'FALSE' })).toEqual(['ipv4', 'ipv6']);
  });

  it('trusts nothing: bad names, subnets and addresses do not get in', () => {
    const [network] = readNetworks([
      {
        Name: 'a\u001b]0;x\u0007',
        Driver: 'bridge',
        Id: '../../etc',
        IPAM: { Config: [{ Subnet: '10.1.2.3/8' }, { Subnet: '10.0.0.0/99' }, { Subnet: 'x; flush ruleset' }, null] },
        Options: { 'com.docker.network.bridge.name': 'a"; }', 'com.docker.network.host_ipv4': '1.2.3.4; x' },
      },
    ]);
    expect(network).toEqual({
      engine: 'docker',
      name: 'a?]0;x?',
      bridge: undefined,
      subnets: ['10.0.0.0/8'],
      routed: [],
      sourceAddress: undefined,
      internal: false,
    });
    for (const nonsense of [null, 7, 'x', {}, [null, 7, [], { Name: 'x' }, { Driver: 'bridge' }]]) {
      expect(readNetworks(nonsense)).toEqual([]);
      expect(readPodmanNetworks(nonsense)).toEqual([]);
      expect(readPublishedPorts(nonsense)).toEqual([]);
    }
  });
});

describe('readPodmanNetworks', () => {
  it("reads podman's own listing, which tells the interface", () => {
    expect(readPodmanNetworks(recorded('podman-networks.json'))).toContainEqual({
      engine: 'podman',
      name: 'two',
      bridge: 'podman3',
      subnets: ['10.77.0.0/24', 'fd77::/64'],
      routed: [],
      sourceAddress: undefined,
      internal: false,
    });
  });
});

describe('readPublishedPorts', () => {
  const published = readPublishedPorts(recorded('docker-containers.json'));

  it('gives every address of the container, each port once, and only published ones', () => {
    const of = (port: number) => published.filter((one) => one.port === port).map((one) => one.address);
    expect(of(5060)).toEqual(['172.17.0.2', 'fd00:17::242:ac11:2']);
    expect(of(443).sort()).toEqual(['172.18.0.2', '172.30.0.2', 'fd00:30::2']);
    expect(of(9999)).toEqual([]);
    expect(published.find(({ port }) => port === 5060)?.protocol).toBe('udp');
    expect(published.filter(({ address, port }) => address === '172.17.0.3' && port >= 9000)).toHaveLength(3);
  });
});

describe('observeEngines', () => {
  it('takes an engine that does not answer as it was found before, at the socket where it was found', async () => {
    const { engines: before } = await observeEngines(
      scriptedSystem({
        sockets: {
          '/run/own/docker.sock /version': {},
          '/run/own/docker.sock /networks': JSON.parse(fixture('docker-networks.json')),
          '/run/own/docker.sock /containers/json': JSON.parse(fixture('docker-containers.json')),
          '/run/own/docker.sock /networks/docker_gwbridge': JSON.parse(fixture('docker-gwbridge.json')),
        },
      }),
      { dockerHost: 'unix:///run/own/docker.sock' },
    );
    const silent = scriptedSystem({ sockets: { '/run/own/docker.sock /version': new Error('socket hang up') } });
    for (const system of [scriptedSystem(), silent]) {
      const { engines } = await observeEngines(system, { before });
      expect(engines).toEqual(before.map((one) => ({ ...one, remembered: true })));
    }
    expect(await observeEngines(scriptedSystem(), { before, dockerHost: 'unix:///run/other.sock' })).toEqual({
      engines: [],
    });
  });

  it('takes a missing engine for normal', async () => {
    expect(await observeEngines(scriptedSystem())).toEqual({ engines: [] });
  });

  it("asks both sockets, and finds an overlay container's address on docker_gwbridge", async () => {
    const { engines } = await observeEngines(scriptedSystem({ sockets: { ...docker(DOCKER), ...podman(PODMAN) } }));
    expect(engines.map(({ engine, socket }) => [engine, socket])).toEqual([
      ['docker', DOCKER],
      ['podman', PODMAN],
    ]);
    expect(engines[0]?.published).toContainEqual({ address: '172.18.0.3', protocol: 'tcp', port: 8111 });
    expect(engines[1]?.networks.map(({ bridge }) => bridge)).toContain('podman0');
  });

  it("takes Docker's socket from the argument, else from the environment", async () => {
    const sockets = docker('/tmp/d.sock');
    const given = await observeEngines(scriptedSystem({ sockets }), { dockerHost: 'unix:///tmp/d.sock' });
    const environment = scriptedSystem({ sockets, env: { DOCKER_HOST: 'unix:///tmp/d.sock' } });
    expect(given.engines).toEqual((await observeEngines(environment)).engines);
    expect(given.engines[0]?.networks).toHaveLength(9);
  });

  it('names a Docker host that is no unix socket', async () => {
    const { engines } = await observeEngines(scriptedSystem(), { dockerHost: 'ssh://root@elsewhere' });
    expect(engines[0]).toMatchObject({
      engine: 'docker',
      unreachable: expect.stringContaining('unix://'),
      networks: [],
    });
  });

  it("recognises podman behind Docker's socket and counts it once", async () => {
    const { engines } = await observeEngines(scriptedSystem({ sockets: { ...podman(DOCKER), ...podman(PODMAN) } }));
    expect(engines).toHaveLength(1);
    expect(engines[0]?.engine).toBe('podman');
  });

  it.each([
    ['refuses', Object.assign(new Error(`connect ECONNREFUSED ${DOCKER}`), { code: 'ECONNREFUSED' }), /ECONNREFUSED/],
    ['is silent', new DOMException('The operation was aborted due to timeout', 'TimeoutError'), /within 2000 ms/],
    ['answers nonsense', { message: 'go away' }, /no list/],
  ])('reports an engine that %s', async (_, answer, reason) => {
    const sockets = { ...docker(DOCKER), [`${DOCKER} /networks`]: answer };
    const { engines } = await observeEngines(scriptedSystem({ sockets }));
    expect(engines).toEqual([
      { engine: 'docker', socket: DOCKER, unreachable: expect.stringMatching(reason), networks: [], published: [] },
    ]);
  });
});
