import { Document, isMap, isScalar, isSeq } from 'yaml';
import type { core } from 'zod/mini';
import { type PortSet, rangeText } from '../ports.ts';
import type { Policy } from './policy.ts';
import { type AclPorts, containersSchema, described, exemptSchema, policySchema } from './schema.ts';

const HEADER = ' portfence policy: which source ports connections may leave this host from.';

/** What a policy file says besides the policy. */
export interface PolicyFileExtras {
  /** Lines of a comment at the top. */
  readonly remarks?: readonly string[];
  /** The network ACL that tells the ports; it is written in their place. */
  readonly acl?: Partial<AclPorts>;
}

/** The policy as a commented YAML text, every key written out. `parsePolicy` reads it back to the same policy. */
export function renderPolicy(policy: Policy, { remarks = [], acl }: PolicyFileExtras = {}): string {
  const document = new Document(plainPolicy(policy));
  if (acl) document.set('ports', document.createNode(acl, { flow: true }));
  document.commentBefore = [HEADER, ...remarks.map((line) => (line === '' ? '' : ` ${line}`))].join('\n');
  comment(document, [], policySchema.shape);
  comment(document, ['exempt'], exemptSchema.shape);
  comment(document, ['containers'], containersSchema.shape);
  for (const path of LISTS) writeInOneLine(document, path);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

const LISTS = [
  ['ports'],
  ['protocols'],
  ['families'],
  ['uplinks'],
  ['exempt', 'destinations'],
  ['exempt', 'sourcePorts'],
  ['containers', 'interfaces'],
  ['containers', 'routed'],
] as const;

/** In the order of the schema, whatever the order of the given object. */
function plainPolicy(policy: Policy): unknown {
  const { version, ports, protocols, families, uplinks, exempt, host, hostRange, forwarded, guard } = policy;
  const { native, timestamps, interfaces, routed } = policy.containers;
  return {
    version,
    ports: ports.length === 1 ? plainPorts(ports)[0] : plainPorts(ports),
    protocols,
    families,
    uplinks,
    exempt: { destinations: exempt.destinations, sourcePorts: plainPorts(exempt.sourcePorts) },
    host,
    hostRange,
    containers: { native, timestamps, interfaces, routed },
    forwarded,
    guard,
    ...(policy.listen === undefined ? {} : { listen: policy.listen }),
  };
}

function plainPorts(ports: PortSet): readonly (number | string)[] {
  return ports.map((range) => (range.from === range.to ? range.from : rangeText(range)));
}

function comment(document: Document, under: readonly string[], shape: Readonly<Record<string, core.$ZodType>>): void {
  const map = under.length === 0 ? document.contents : document.getIn(under, true);
  if (!isMap(map)) return;
  for (const { key } of map.items) {
    const schema = isScalar(key) ? shape[String(key.value)] : undefined;
    const description = schema && described.get(schema)?.description;
    if (isScalar(key) && description !== undefined) key.commentBefore = ` ${description}`;
  }
}

function writeInOneLine(document: Document, path: readonly string[]): void {
  const list = document.getIn(path, true);
  if (isSeq(list)) list.flow = true;
}
