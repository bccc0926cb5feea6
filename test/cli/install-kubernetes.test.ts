import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { run } from '../../src/system/run.ts';
import { COMMAND } from '../support/command-line.ts';
import { inFolder } from '../support/in-folder.ts';

const CHART = fileURLToPath(new URL('../../charts/portfence/', import.meta.url));
const kubernetes = (...args: readonly string[]) => run([...COMMAND, 'install', 'kubernetes', ...args]);

interface Parsed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Record<string, string> };
  readonly data?: Record<string, string>;
  readonly spec?: {
    readonly template?: { readonly spec: { readonly containers: readonly { image: string; args: string[] }[] } };
  };
}
const objects = (text: string): readonly Parsed[] => parseAllDocuments(text).map((one) => one.toJS());
const names = (text: string) => objects(text).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const policyIn = (text: string) => objects(text).find(({ kind }) => kind === 'ConfigMap')?.data?.['policy.yaml'];
const containerIn = (text: string) =>
  objects(text).find(({ kind }) => kind === 'DaemonSet')?.spec?.template?.spec.containers[0];

describe('install kubernetes', () => {
  test('prints a namespace that lets the pods in, and what fences its nodes', async () => {
    const { code, stdout } = await kubernetes('--ports', '49152-61000');
    expect(code).toBe(0);
    expect(names(stdout)).toEqual([
      'Namespace portfence',
      'ServiceAccount portfence',
      'ConfigMap portfence-policy',
      'DaemonSet portfence',
      'NetworkPolicy portfence',
    ]);
    expect(objects(stdout)[0]?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'privileged' });
    expect(policyIn(stdout)).toContain('ports: 49152-61000');
  });

  test('names and places them as it is told, with flags that the agent gets too', async () => {
    const image = 'registry.example:5000/net/portfence:1.2';
    const where = ['--namespace', 'kube-system', '--name', 'edge', '--image', image, '--backend', 'iptables'];
    const { stdout } = await kubernetes('--ports', '49152-61000', ...where);
    const placed = objects(stdout).slice(1);
    expect(placed.map(({ metadata }) => metadata.namespace)).toEqual(placed.map(() => 'kube-system'));
    expect(containerIn(stdout)).toMatchObject({
      image,
      args: ['agent', '--policy', '/etc/portfence/policy.yaml', '--backend', 'iptables'],
    });
  });

  test('other parts prove the fence, and take it away', async () => {
    const part = async (name: string) => names((await kubernetes('--ports', '49152-61000', '--part', name)).stdout);
    expect(await part('verify')).toEqual(['Pod portfence-verify']);
    expect(await part('cleanup')).toEqual(['Namespace portfence', 'DaemonSet portfence-cleanup']);
  });

  test('a policy file goes to the nodes word by word, unless a flag changes it', async () => {
    await inFolder({ 'policy.yaml': '# ours\nports: 50000-60000\nguard: drop\n' }, async (folder) => {
      const file = ['--policy', join(folder, 'policy.yaml')];
      expect(policyIn((await kubernetes(...file)).stdout)).toBe('# ours\nports: 50000-60000\nguard: drop\n');
      const changed = policyIn((await kubernetes(...file, '--ports', '40000-50000')).stdout);
      expect(changed).toContain('ports: 40000-50000');
      expect(changed).toContain('guard: drop');
    });
  });

  test('the network ACL is asked on the nodes, and a file of ACLs is refused: no node has it', async () => {
    await inFolder(
      { 'auto.yaml': 'ports: { acl: auto }\n', 'file.yaml': 'ports: { acl: acls.json }\n' },
      async (folder) => {
        const auto = await kubernetes('--policy', join(folder, 'auto.yaml'), '--guard', 'drop');
        expect(policyIn(auto.stdout)).toMatch(/^ports: \{acl: auto,/m);
        const refused = await kubernetes('--policy', join(folder, 'file.yaml'));
        expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('acls.json, which no node has') });
      },
    );
  });

  test('it takes the values of the chart', async () => {
    const { stdout } = await kubernetes('--values', join(CHART, 'ci/everything.yaml'));
    expect(containerIn(stdout)?.image).toMatch(/^registry\.example:5000\/net\/portfence@sha256:/);
    expect(policyIn(stdout)).toContain('timestamps: random');
  });

  test.each([
    ['no policy at all', [], 'ports'],
    ['a wrong policy', ['--ports', '80'], '80'],
    ['an image that is none', ['--ports', '49152-61000', '--image', 'a@sha256:1'], 'names no image'],
    ['a file that is not there', ['--ports', '49152-61000', '--values', '/nowhere.yaml'], '/nowhere.yaml'],
    ['a name that Kubernetes does not take', ['--ports', '49152-61000', '--name', 'A B'], "'A B'"],
  ])('refuses %s', async (_, args, words) => {
    const { code, stderr, stdout } = await kubernetes(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
  });

  test('values that the chart does not take are refused with their place', async () => {
    await inFolder({ 'values.yaml': 'image:\n  pullPolicy: Sometimes\nhostNetwork: false\n' }, async (folder) => {
      const { code, stderr } = await kubernetes('--ports', '49152-61000', '--values', join(folder, 'values.yaml'));
      expect(code).toBe(2);
      expect(stderr).toContain('image.pullPolicy');
      expect(stderr).toContain('hostNetwork: there is no such value');
    });
  });

  test('a file is written instead where one is named', async () => {
    await inFolder({}, async (folder) => {
      const out = join(folder, 'portfence.yaml');
      const { stdout } = await kubernetes('--ports', '49152-61000', '--out', out);
      expect(stdout).toMatch(/^wrote .*portfence\.yaml: Namespace portfence, /);
      expect(names(await readFile(out, 'utf8'))).toContain('DaemonSet portfence');
    });
  });
});
