import { describe, expect, it } from 'vitest';
import { observeRouteDevices, readRouteDevices } from '../../src/observe/routes.ts';
import { failed, type Script, scriptedSystem } from '../support/scripted-system.ts';
import { fixture } from './fixture.ts';

const system = (v4: NonNullable<Script['commands']>[string], v6: NonNullable<Script['commands']>[string]) =>
  scriptedSystem({
    commands: {
      'ip -j -4 route show table all': v4,
      'ip -j -6 route show table all': v6,
    },
  });

describe('readRouteDevices', () => {
  it('finds every table, multipath next hops and nexthop groups, and leaves out routes that lead nowhere', () => {
    expect(readRouteDevices(fixture('ip-route.4.json')).defaults).toEqual(['tun0', 'up0', 'up1', 'up2']);
    expect(readRouteDevices(fixture('ip-route.6.json')).defaults).toEqual(['up0', 'up1']);
  });

  it.each(['blackhole', 'unreachable', 'prohibit', 'throw', 'local', 'multicast'])('ignores %s', (type) => {
    expect(readRouteDevices(JSON.stringify([{ type, dst: 'default', dev: 'eth0' }])).defaults).toEqual([]);
  });

  it('ignores lo and routes to a part of the testbed', () => {
    expect(readRouteDevices('[{"dst":"default","dev":"lo"},{"dst":"0.0.0.0/1","dev":"tun0"}]').defaults).toEqual([]);
  });

  it('tells routes through a gateway, and single addresses that are routed to an interface', () => {
    const routes = [
      { dst: '10.0.0.0/8', gateway: '192.0.2.1', dev: 'eth1' },
      { dst: '10.9.0.0/16', via: { family: 'inet6', host: 'fe80::1' }, dev: 'eth2' },
      { dst: '198.51.100.50', dev: 'eni1a2b3c4d5e6', scope: 'link' },
      { dst: '2001:db8::50/128', dev: 'cali0' },
      { dst: '192.0.2.0/24', dev: 'eth1', scope: 'link' },
    ];
    expect(readRouteDevices(JSON.stringify(routes))).toEqual({
      defaults: [],
      nextHops: [],
      gateways: ['eth1', 'eth2'],
      hosts: ['cali0', 'eni1a2b3c4d5e6'],
    });
  });

  it('tells the next hops of default routes', () => {
    const routes = [
      { dst: 'default', gateway: '192.0.2.1', dev: 'eth0' },
      { dst: 'default', nexthops: [{ gateway: 'fe80::1', dev: 'eth1' }] },
      { dst: 'default', via: { family: 'inet6', host: 'fe80::9' }, dev: 'eth2' },
      { dst: 'default', dev: 'ppp0' },
    ];
    expect(readRouteDevices(JSON.stringify(routes)).nextHops).toEqual([
      { device: 'eth0', address: '192.0.2.1' },
      { device: 'eth1', address: 'fe80::1' },
    ]);
  });

  it('refuses a name that no rule can hold instead of leaving it unfenced', () => {
    expect(() => readRouteDevices('[{"dst":"default","dev":"e\\"; flush"}]')).toThrow(/a name that no rule can hold/);
    expect(() => readRouteDevices('[{"dst":"default","dev":"eth*"}]')).toThrow(/eth\*/);
  });
});

describe('observeRouteDevices', () => {
  it('joins both families, each device once', async () => {
    const both = system(fixture('ip-route.4.json'), fixture('ip-route.6.json'));
    expect((await observeRouteDevices(both)).defaults).toEqual(['tun0', 'up0', 'up1', 'up2']);
  });

  it('lives with a kernel without IPv6, and with no route at all', async () => {
    const without = failed(2, 'RTNETLINK answers: Operation not supported');
    expect((await observeRouteDevices(system('[]', without))).defaults).toEqual([]);
    expect((await observeRouteDevices(system('', ''))).defaults).toEqual([]);
  });

  it('fails where ip fails', async () => {
    await expect(observeRouteDevices(system(failed(1, 'boom'), ''))).rejects.toMatchObject({
      code: 'SYSTEM',
      detail: 'boom',
    });
  });
});
