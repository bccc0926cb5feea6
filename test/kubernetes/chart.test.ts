import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import manifest from '../../package.json' with { type: 'json' };
import { agentManifests } from '../../src/kubernetes/agent.ts';
import { cleanupDaemonSet, cleanupWaiting } from '../../src/kubernetes/cleanup.ts';
import type { Fleet, Manifest } from '../../src/kubernetes/manifest.ts';
import { DEFAULTS, readOptions, valuesJsonSchema } from '../../src/kubernetes/values.ts';
import { verifyPod } from '../../src/kubernetes/verify.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { expectGolden } from '../support/goldens.ts';
import { type KubeTools, kubeTools } from '../support/kube-tools.ts';
import { needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const CHART = fileURLToPath(new URL('../../charts/portfence/', import.meta.url));
const VALUES = globSync('ci/*.yaml', { cwd: CHART }).sort();
const PORTS = ['--set', 'policy.ports=49152-61000'];
const { version } = manifest;

test('the chart is of this version', () => {
  expect(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version });
});

test('its values are the defaults of the plain manifests, but for the ports, which it does not guess', () => {
  const { policy, ...rest } = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
  expect(policy).toEqual({});
  expect(rest).toEqual(DEFAULTS);
});

test('the schema of its values holds the one of the policy', () => {
  const schema = valuesJsonSchema();
  expectGolden(join(CHART, 'values.schema.json'), `${JSON.stringify(schema, null, 2)}\n`);
  const policy = JSON.parse(readFileSync(new URL('../../schema/policy.schema.json', import.meta.url), 'utf8'));
  expect(schema).toMatchObject({
    properties: { policy: { properties: policy.properties, required: policy.required } },
  });
});

needs('python3')('with the real Helm', () => {
  let tools: KubeTools;
  let folder: string;
  beforeAll(async () => {
    tools = await kubeTools();
    folder = await mkdtemp(join(tmpdir(), 'portfence-chart-'));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  describe.each(VALUES)('%s', (file) => {
    const path = join(CHART, file);
    const { policy, ...rest } = parse(readFileSync(path, 'utf8'));
    const fleet: Fleet = {
      values: readOptions(rest),
      policyText: '',
      ...(policy.listen ? { metricsPort: Number(/\d+$/.exec(policy.listen)?.[0]) } : {}),
      name: rest.fullnameOverride ?? 'edge-portfence',
      namespace: 'fences',
      version,
    };
    const rendered = async (): Promise<readonly Manifest[]> => {
      const args = ['template', 'edge', CHART, '--namespace', 'fences', '--values', path];
      const { code, stdout, stderr } = await tools.helm(args);
      if (code !== 0) throw new Error(stderr);
      return parseAllDocuments(stdout).map((one) => one.toJS());
    };

    test('passes helm lint without a word', async () => {
      const { code, stdout } = await tools.helm(['lint', '--strict', CHART, '--values', path]);
      expect(stdout.match(/\[(?:WARNING|ERROR)\].*/g) ?? []).toEqual([]);
      expect(code).toBe(0);
    });

    test('renders what the plain manifests are', async () => {
      const cleanup = [cleanupDaemonSet(fleet), ...cleanupWaiting(fleet)];
      const expected = [...agentManifests(fleet), verifyPod(fleet), ...(fleet.values.cleanup.enabled ? cleanup : [])];
      const seen = (await rendered()).filter(({ kind }) => kind !== 'PrometheusRule');
      expect(byName(seen.map(asPlain))).toEqual(byName(expected.map(asPlain)));
    });

    test('gives the agents a policy that says what was asked for', async () => {
      const configMap = (await rendered()).find(({ kind }) => kind === 'ConfigMap');
      const text = textIn(configMap);
      expect(parse(text)).toEqual(policy);
      expect(parsePolicy({ text, aclPorts: samplePolicy.ports }).warnings).toEqual([]);
    });

    test('has only objects that kubectl knows, every field of them', async () => {
      for (const one of (await rendered()).filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.'))) {
        expect(await seenByKubectl(tools, one), `${one.kind} ${one.metadata.name}`).toMatchObject(comparable(one));
      }
    });
  });

  test.each([
    ['no ports', []],
    ['ports that are none', ['--set', 'policy.ports=49152..61000']],
    ['a port below 1024', ['--set', 'policy.ports=80']],
    ['an unknown key of the policy', [...PORTS, '--set', 'policy.gaurd=drop']],
    ['a word that the policy does not know', [...PORTS, '--set', 'policy.guard=reject']],
    ['an unknown value', [...PORTS, '--set', 'hostNetwork=false']],
    ['a pull policy that there is not', [...PORTS, '--set', 'image.pullPolicy=Sometimes']],
  ])('its schema refuses %s', async (_, flags) => {
    const { code, stderr } = await tools.helm(['template', CHART, ...flags]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("values don't meet the specifications of the schema");
  });

  test('a monitor without an address to scrape is refused with what to set', async () => {
    const { code, stderr } = await tools.helm(['template', CHART, ...PORTS, '--set', 'podMonitor.enabled=true']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('set policy.listen');
  });

  test('its alerts are those of the examples', async () => {
    const { stdout } = await tools.helm(['template', CHART, ...PORTS, '--set', 'prometheusRule.enabled=true']);
    const rule = parseAllDocuments(stdout)
      .map((one): Manifest => one.toJS())
      .find(({ kind }) => kind === 'PrometheusRule');
    const examples = readFileSync(new URL('../../examples/prometheus/rules.yml', import.meta.url), 'utf8');
    expectGolden(join(CHART, 'rules.yml'), examples);
    expect(rule?.['spec']).toEqual(parse(examples));
  });

  test('a chart around it can hand down global values and switch it off', async () => {
    const off = ['--set', 'global.registry.name=a', '--set', 'enabled=false'];
    const { code, stdout } = await tools.helm(['template', CHART, ...PORTS, ...off]);
    expect({ code, objects: stdout.trim() }).toEqual({ code: 0, objects: '' });
  });

  test('it can be packaged, and the package installs the same', async () => {
    expect(await tools.helm(['package', CHART, '--destination', folder])).toMatchObject({ code: 0 });
    const archive = join(folder, `portfence-${version}.tgz`);
    const template = async (chart: string) => (await tools.helm(['template', chart, ...PORTS])).stdout;
    expect(await template(archive)).toBe(await template(CHART));
    const { stdout } = await tools.helm(['show', 'all', archive]);
    expect(stdout).toContain('cleanup:');
  });

  test('its hooks come in this order: what waits needs its rights first', async () => {
    const { stdout } = await tools.helm(['template', CHART, ...PORTS]);
    const hooks = parseAllDocuments(stdout)
      .map((one): Manifest => one.toJS())
      .filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === 'pre-delete,post-delete')
      .map(({ kind, metadata }) => [Number(metadata.annotations?.['helm.sh/hook-weight']), kind] as const)
      .sort(([a, one], [b, other]) => a - b || one.localeCompare(other));
    expect(hooks).toEqual([
      [0, 'Role'],
      [0, 'RoleBinding'],
      [0, 'ServiceAccount'],
      [1, 'DaemonSet'],
      [2, 'Job'],
    ]);
  });
});

test('the values of the tests are those of the chart’s own folder', () => {
  expect(VALUES.map((path) => basename(path))).toEqual(['acl.yaml', 'everything.yaml', 'least.yaml']);
});

const textIn = (configMap: unknown): string =>
  typeof configMap === 'object' && configMap !== null && 'data' in configMap
    ? Reflect.get(Object(configMap.data), 'policy.yaml')
    : '';

/** Without what only one of both has: Helm's marks, and the text of the policy. */
function asPlain(one: Manifest): unknown {
  const { annotations: _, labels, ...metadata } = one.metadata;
  const { 'app.kubernetes.io/managed-by': _by, 'helm.sh/chart': _chart, ...kept } = labels;
  const { data, ...rest } = one;
  return { ...rest, ...(data ? { data: Object.keys(data) } : {}), metadata: { ...metadata, labels: kept } };
}

const byName = (all: readonly unknown[]): readonly string[] => all.map((one) => sorted(one)).sort();
/** As a text that is the same for equal objects. */
const sorted = (one: unknown): string =>
  JSON.stringify(one, (_, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

const WITH_PODS = ['DaemonSet', 'Job', 'Pod'];

/** The object as kubectl's own types write it again; kinds without pods are only read. */
async function seenByKubectl({ kubectl }: KubeTools, one: Manifest): Promise<unknown> {
  const change = WITH_PODS.includes(one.kind) ? ['set', 'env', 'SEEN=1'] : ['annotate', 'seen=1'];
  const [verb = '', ...rest] = change;
  const { code, stdout, stderr } = await kubectl([verb, ...rest, '--local', '--filename', '-', '--output', 'json'], {
    input: JSON.stringify(one),
  });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** kubectl adds to lists of variables, and writes quantities and empty values its own way. */
function comparable(one: Manifest): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(one, (key, value) =>
      key === 'env' || key === 'resources' || key === 'ingress' ? undefined : value,
    ),
  );
}
