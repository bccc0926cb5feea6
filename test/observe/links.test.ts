import { describe, expect, it } from 'vitest';
import { observeLinks, readLinks } from '../../src/observe/links.ts';
import { failed, scriptedSystem } from '../support/scripted-system.ts';
import { fixture } from './fixture.ts';

describe('readLinks', () => {
  it('tells kind, master and addresses with their host bits', () => {
    const links = readLinks(fixture('ip-address.docker.json'));
    expect(links.find(({ name }) => name === 'docker0')).toMatchObject({
      kind: 'bridge',
      master: undefined,
      addresses: expect.arrayContaining(['172.17.0.1/16', 'fd00:17::1/64']),
    });
    expect(links.find(({ name }) => name === 'lo')).toEqual({
      name: 'lo',
      kind: undefined,
      master: undefined,
      addresses: ['127.0.0.1/8', '::1/128'],
    });
    expect(links.filter(({ master }) => master === 'docker_gwbridge')).toHaveLength(2);
  });

  it('takes the own address of a point-to-point link, not the other end', () => {
    const up2 = readLinks(fixture('ip-address.many.json')).find(({ name }) => name === 'up2');
    expect(up2?.addresses).toContain('203.0.113.77/32');
    expect(up2?.addresses.join()).not.toContain('203.0.113.78');
  });

  it('passes over interfaces that went away while ip was listing', () => {
    expect(readLinks('[{},{"ifname":"eth0","addr_info":[{},{"local":"x","prefixlen":1}]},null,7]')).toEqual([
      { name: 'eth0', kind: undefined, master: undefined, addresses: [] },
    ]);
    expect(readLinks('')).toEqual([]);
  });

  it('scrubs names', () => {
    expect(readLinks('[{"ifname":"e\\u001b[31m"}]')[0]?.name).toBe('e?[31m');
  });

  it('says which program answered nonsense', () => {
    expect(() => readLinks('Object "-j" is unknown')).toThrow(/ip address answered something that is not JSON/);
  });
});

describe('observeLinks', () => {
  it('names the package of a missing ip', async () => {
    const system = scriptedSystem({ commands: { 'ip -j -d address show': failed(127, 'spawn ip ENOENT') } });
    await expect(observeLinks(system)).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      hint: 'install the package iproute2',
    });
  });
});
