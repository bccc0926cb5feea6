import { describe, expect, it } from 'vitest';
import { observeDefaultRouteDevices, readDefaultRouteDevices } from '../../src/observe/routes.ts';
import { failed, type Script, scriptedSystem } from '../support/scripted-system.ts';
import { fixture } from './fixture.ts';

const system = (v4: NonNullable<Script['commands']>[string], v6: NonNullable<Script['commands']>[string]) =>
  scriptedSystem({
    commands: {
      'ip -j -4 route show table all default': v4,
      'ip -j -6 route show table all default': v6,
    },
  });

describe('readDefaultRouteDevices', () => {
  it('finds every table, multipath next hops and nexthop groups, and leaves out routes that lead nowhere', () => {
    expect(readDefaultRouteDevices(fixture('ip-route.4.json'))).toEqual(['tun0', 'up0', 'up1', 'up2']);
    expect(readDefaultRouteDevices(fixture('ip-route.6.json'))).toEqual(['up0', 'up1']);
  });

  it.each(['blackhole', 'unreachable', 'prohibit', 'throw', 'local', 'multicast'])('ignores %s', (type) => {
    expect(readDefaultRouteDevices(JSON.stringify([{ type, dst: 'default', dev: 'eth0' }]))).toEqual([]);
  });

  it('ignores lo and routes to a part of the world', () => {
    expect(readDefaultRouteDevices('[{"dst":"default","dev":"lo"},{"dst":"0.0.0.0/1","dev":"tun0"}]')).toEqual([]);
  });

  it('refuses a name that no rule can hold instead of leaving it unfenced', () => {
    expect(() => readDefaultRouteDevices('[{"dst":"default","dev":"e\\"; flush"}]')).toThrow(
      /a name that no rule can hold/,
    );
    expect(() => readDefaultRouteDevices('[{"dst":"default","dev":"eth*"}]')).toThrow(/eth\*/);
  });
});

describe('observeDefaultRouteDevices', () => {
  it('joins both families, each device once', async () => {
    const both = system(fixture('ip-route.4.json'), fixture('ip-route.6.json'));
    expect(await observeDefaultRouteDevices(both)).toEqual(['tun0', 'up0', 'up1', 'up2']);
  });

  it('lives with a kernel without IPv6, and with no route at all', async () => {
    const without = failed(2, 'RTNETLINK answers: Operation not supported');
    expect(await observeDefaultRouteDevices(system('[]', without))).toEqual([]);
    expect(await observeDefaultRouteDevices(system('', ''))).toEqual([]);
  });

  it('fails where ip fails', async () => {
    await expect(observeDefaultRouteDevices(system(failed(1, 'boom'), ''))).rejects.toMatchObject({
      code: 'SYSTEM',
      detail: 'boom',
    });
  });
});
