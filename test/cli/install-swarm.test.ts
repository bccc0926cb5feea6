import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../src/system/run.ts';
import { COMMAND } from '../support/command-line.ts';
import { inFolder } from '../support/in-folder.ts';

const swarm = (...args: readonly string[]) => run([...COMMAND, 'install', 'swarm', ...args]);
const printed = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await swarm(...args);
  expect(code, stderr).toBe(0);
  return parse(stdout);
};

describe('install swarm', () => {
  test('prints one service for every node, with flags that the agents get too', async () => {
    const image = 'registry.example:5000/net/portfence:1.2';
    const flags = ['--uplink', 'eth0,ens*', '--exempt-ports', '123', '--guard', 'drop', '--backend', 'iptables'];
    const { services, configs } = await printed('--ports', '49152-61000', '--image', image, ...flags);
    expect(Object.keys(services)).toEqual(['agent']);
    expect(configs).toBeUndefined();
    const { command, deploy, cap_drop, cap_add, ...service } = services.agent;
    expect(service).toMatchObject({ image, networks: ['host'], read_only: true });
    expect({ cap_drop, cap_add }).toEqual({ cap_drop: ['ALL'], cap_add: ['NET_ADMIN', 'SYS_ADMIN', 'NET_RAW'] });
    expect(deploy).toMatchObject({
      mode: 'global',
      update_config: { parallelism: 1, order: 'stop-first', failure_action: 'rollback' },
    });
    expect(command[0]).toBe('agent');
    expect(command.slice(1)).toEqual(expect.arrayContaining(['--ports', '49152-61000', ...flags]));
    expect(command).toHaveLength(3 + flags.length);
  });

  test('a policy file becomes a config that is called after its text', async () => {
    await inFolder({ 'a.yaml': 'ports: 49152-61000\n', 'b.yaml': 'ports: 50000-60000\n' }, async (folder) => {
      const config = async (name: string, ...more: readonly string[]) =>
        (await printed('--policy', join(folder, name), ...more)).configs.policy;
      const a = await config('a.yaml');
      expect(a).toEqual({
        name: expect.stringMatching(/^portfence-policy-[0-9a-f]{12}$/),
        file: join(folder, 'a.yaml'),
      });
      expect(await config('a.yaml')).toEqual(a);
      expect((await config('b.yaml')).name).not.toBe(a.name);
      expect((await config('a.yaml', '--name', 'edge')).name).toBe(a.name.replace(/^portfence/, 'edge'));
      const { services } = await printed('--policy', join(folder, 'a.yaml'), '--guard', 'drop');
      expect(services.agent.command.slice(1)).toEqual(['--policy', '/etc/portfence/policy.yaml', '--guard', 'drop']);
      expect(services.agent.configs).toEqual([{ source: 'policy', target: '/etc/portfence/policy.yaml' }]);
    });
  });

  test('what takes the fence away needs no policy, and goes to the same nodes', async () => {
    const where = ['--constraint', 'node.role == worker', '--constraint', 'node.labels.zone != a'];
    const { services } = await printed('--part', 'cleanup', ...where);
    const { agent } = (await printed('--ports', '49152-61000', ...where)).services;
    expect(Object.keys(services)).toEqual(['cleanup']);
    expect(services.cleanup).toMatchObject({
      command: ['remove', '--wait'],
      deploy: { mode: 'global', placement: agent.deploy.placement, restart_policy: { condition: 'on-failure' } },
    });
    expect(agent.deploy.placement.constraints).toEqual(
      expect.arrayContaining(['node.labels.portfence != host', 'node.role == worker', 'node.labels.zone != a']),
    );
  });

  test('what Docker would take for a variable stays a word', async () => {
    await inFolder({ 'a$B.yaml': 'ports: 49152-61000\n' }, async (folder) => {
      const { configs } = await printed('--policy', join(folder, 'a$B.yaml'));
      expect(configs.policy.file).toBe(join(folder, 'a$$B.yaml'));
    });
  });

  test.each([
    ['no policy at all', [], 'ports'],
    ['a wrong policy', ['--ports', '80'], '80'],
    ['an image that is none', ['--ports', '49152-61000', '--image', 'a@sha256:1'], 'a@sha256:1'],
    ['a file that is not there', ['--policy', '/nowhere.yaml'], '/nowhere.yaml'],
    ['a name that Docker does not take', ['--ports', '49152-61000', '--name', 'A B'], "'A B'"],
  ])('refuses %s', async (_, args, words) => {
    const { code, stderr, stdout } = await swarm(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
  });

  test('a file of network ACLs is refused: no node has it', async () => {
    await inFolder({ 'file.yaml': 'ports: { acl: acls.json }\n' }, async (folder) => {
      const refused = await swarm('--policy', join(folder, 'file.yaml'));
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('acls.json, which no node has') });
    });
  });

  test('a file is written instead where one is named', async () => {
    await inFolder({}, async (folder) => {
      const out = join(folder, 'stack.yaml');
      const { stdout } = await swarm('--ports', '49152-61000', '--out', out);
      expect(stdout).toMatch(/^wrote .*stack\.yaml: service agent/);
      expect(Object.keys(parse(await readFile(out, 'utf8')).services)).toEqual(['agent']);
    });
  });
});
