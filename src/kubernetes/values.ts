import * as z from 'zod/mini';
import { described, policySchema } from '../policy/schema.ts';

const text = z.string();
const map = z.record(z.string(), z.string());
const anything = z.record(z.string(), z.unknown());
const quantities = z.strictObject({ requests: z.optional(map), limits: z.optional(map) });

const imageSchema = z.strictObject({
  repository: z._default(text, 'portfence').register(described, {
    description: 'Where your nodes pull the image that `npm run build:image` makes.',
  }),
  tag: z._default(text, '').register(described, { description: "The image's tag; the chart's version unless given." }),
  digest: z._default(text, '').register(described, { description: 'sha256:...; it takes the place of the tag.' }),
  pullPolicy: z._default(z.enum(['Always', 'IfNotPresent', 'Never']), 'IfNotPresent'),
  pullSecrets: z._default(z.array(z.strictObject({ name: text })), []),
});

const cleanupSchema = z.strictObject({
  enabled: z._default(z.boolean(), true).register(described, {
    description: 'Whether `helm uninstall` takes the fence away on every node, and waits until it is gone.',
  }),
  now: z._default(z.boolean(), false).register(described, {
    description: 'Whether mapped connections are cut instead of waited for.',
  }),
  timeoutSeconds: z._default(z.int().check(z.gte(10)), 600).register(described, {
    description: 'Seconds until a clean-up that is not done on every node fails, and the uninstall with it.',
    minimum: 10,
  }),
});

const verifySchema = z.strictObject({
  to: z._default(z.array(text), []).register(described, {
    description: 'Peers that `helm test` connects to, HOST:PORT; without one it only looks at what leaves.',
  }),
  connections: z._default(z.int().check(z.gte(1)), 20).register(described, {
    description: 'Connections of each check of `helm test`.',
    minimum: 1,
  }),
});

const monitorSchema = z.strictObject({
  enabled: z._default(z.boolean(), false),
  interval: z._default(text, '30s'),
  labels: z._default(map, {}),
});
const ruleSchema = z.strictObject({ enabled: z._default(z.boolean(), false), labels: z._default(map, {}) });

/** The values of the Helm chart but for the policy. */
const optionsSchema = z.strictObject({
  global: z.optional(anything).register(described, { description: 'What a chart around this one shares; not used.' }),
  enabled: z._default(z.boolean(), true).register(described, { description: 'False renders nothing.' }),
  fullnameOverride: z._default(text, '').register(described, { description: 'The name of every object.' }),
  image: z.prefault(imageSchema, {}),
  runtimeSocket: z._default(text, '').register(described, {
    description:
      "The container runtime's socket on the nodes, like /run/containerd/containerd.sock: then flows are shown by the names of pods.",
  }),
  extraArgs: z._default(z.array(text), []).register(described, { description: 'Further arguments of the agent.' }),
  resources: z._default(quantities, { requests: { cpu: '20m', memory: '128Mi' }, limits: { memory: '384Mi' } }),
  priorityClassName: z._default(text, 'system-node-critical'),
  nodeSelector: z._default(map, { 'kubernetes.io/os': 'linux' }),
  affinity: z._default(anything, {}),
  tolerations: z._default(z.array(anything), [{ operator: 'Exists' }]),
  maxUnavailable: z
    ._default(z.union([z.int(), text]), '10%')
    .register(described, { description: 'Nodes whose agent a rolling update replaces at a time; their fence stays.' }),
  appArmorProfile: z._default(z.strictObject({ type: z.enum(['Unconfined', 'RuntimeDefault']) }), {
    type: 'Unconfined',
  }),
  podAnnotations: z._default(map, {}),
  podLabels: z._default(map, {}),
  networkPolicy: z._default(z.strictObject({ enabled: z.boolean() }), { enabled: true }),
  podMonitor: z.prefault(monitorSchema, {}).register(described, {
    description: "Whether Prometheus' operator is told to scrape the agents, at the policy's listen address.",
  }),
  prometheusRule: z.prefault(ruleSchema, {}).register(described, {
    description: "Whether Prometheus' operator gets the alerts; the plain manifests have none.",
  }),
  cleanup: z.prefault(cleanupSchema, {}),
  verify: z.prefault(verifySchema, {}),
});

/** The values of the Helm chart; `policy` is a policy file. */
const valuesSchema = z.extend(optionsSchema, {
  policy: policySchema.register(described, { description: 'The policy, as in a policy file.' }),
});

/** Values but for the policy, with every default filled in. */
export type Options = z.output<typeof optionsSchema>;

/** What the chart does unless told otherwise. */
export const DEFAULTS: Options = optionsSchema.parse({});

/** Given values over the defaults, mapping by mapping, as Helm lays them over each other. Throws ZodError for values that the schema refuses. */
export const readOptions = (given: unknown): Options => optionsSchema.parse(laidOver(DEFAULTS, given));

function laidOver(below: unknown, above: unknown): unknown {
  if (!isMapping(below) || !isMapping(above)) return above;
  const both = { ...below, ...above };
  return Object.fromEntries(
    Object.entries(both).flatMap(([key, value]) =>
      value === null ? [] : [[key, Object.hasOwn(below, key) ? laidOver(below[key], value) : value]],
    ),
  );
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The JSON Schema (draft 7) of the values, which Helm checks before it renders anything. */
export function valuesJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(valuesSchema, { target: 'draft-07', io: 'input', metadata: described });
  return { $schema, title: 'portfence Helm values', ...rest };
}
