import type { Family, PortSet } from '../ports.ts';
import { buildPolicy } from './build.ts';
import type { Data } from './data.ts';
import { error, type Finding } from './finding.ts';
import { flagOf, overlayFlags, type PolicyFlags } from './flags.ts';
import type { Policy } from './policy.ts';
import { type PolicyProblem, PolicyRejected, pathText } from './problem.ts';
import { RULES } from './rules/all.ts';
import { type AclPorts, isAclPorts, type PolicyShape } from './schema.ts';
import { readShape } from './shape.ts';
import { type PolicyDocument, readDocument } from './yaml/document.ts';

export type { PolicyFlags } from './flags.ts';
export { type PolicyProblem, PolicyRejected, problemText } from './problem.ts';

/** Where a policy comes from. No text means flags alone; `interfaces` are the names that exist on the host, undefined where unknown. */
export interface PolicyInput {
  readonly text?: string;
  /** The text's file name, for messages. */
  readonly file?: string;
  readonly flags?: PolicyFlags;
  readonly interfaces?: readonly string[];
  /** What the network ACL lets back in, where the policy takes its ports from one (`aclPortsRequest`). */
  readonly aclPorts?: PortSet;
}

/** What a policy asks of a network ACL. */
export interface AclPortsRequest extends AclPorts {
  readonly families: readonly Family[];
}

/** What has to be looked up before the policy can be read; undefined where nothing has, or the policy is wrong anyway. */
export function aclPortsRequest({ text, flags = {} }: PolicyInput): AclPortsRequest | undefined {
  const data = text === undefined ? undefined : readDocument(text).data;
  const shape = data === undefined ? undefined : readShape(overlayFlags(data, flags)).shape;
  return shape && isAclPorts(shape.ports) ? { ...shape.ports, families: shape.families } : undefined;
}

/** Reads a policy, flags over file, defaults filled in. Throws PolicyRejected, with every problem at once, where anything is wrong. */
export function parsePolicy(source: PolicyInput): { policy: Policy; warnings: PolicyProblem[] } {
  const document = source.text === undefined ? undefined : readDocument(source.text);
  const read = document ? document.data : {};
  if (document && read === undefined) throw rejected(document.findings, source, document);
  const data = overlayFlags(read ?? null, source.flags ?? {});
  const { shape, findings } = readShape(data);
  const all = [
    ...(document?.findings ?? []),
    ...findings,
    ...ruleFindings(data, source),
    ...notLookedUp(shape, source),
  ];
  const errors = all.filter(({ severity }) => severity === 'error');
  if (shape === undefined || errors.length > 0) throw rejected(errors, source, document);
  const warnings = all.filter(({ severity }) => severity === 'warning');
  return { policy: buildPolicy(shape, source.aclPorts), warnings: problems(warnings, source, document) };
}

function notLookedUp(shape: PolicyShape | undefined, { aclPorts }: PolicyInput): readonly Finding[] {
  if (!shape || !isAclPorts(shape.ports) || aclPorts !== undefined) return [];
  return [error(['ports'], 'a network ACL is not asked here', 'write the range: 49152-61000')];
}

function ruleFindings(data: Data, { interfaces }: PolicyInput): readonly Finding[] {
  return RULES.flatMap((rule) => rule({ data, interfaces }));
}

function rejected(
  findings: readonly Finding[],
  source: PolicyInput,
  document: PolicyDocument | undefined,
): PolicyRejected {
  return new PolicyRejected(problems(findings, source, document));
}

function problems(
  findings: readonly Finding[],
  source: PolicyInput,
  document: PolicyDocument | undefined,
): PolicyProblem[] {
  return findings.map((finding) => problem(finding, source, document)).sort(byPosition);
}

function problem(finding: Finding, source: PolicyInput, document: PolicyDocument | undefined): PolicyProblem {
  const { path, message, remedy } = finding;
  const told = { path: pathText(path), message, ...(remedy === undefined ? {} : { remedy }) };
  const flag = flagOf(path, source.flags ?? {});
  if (flag !== undefined) return { ...told, flag };
  // Flags alone can lack nothing but the ports.
  if (document === undefined) return { ...told, flag: '--ports', remedy: 'write --ports 49152-61000' };
  const file = source.file === undefined ? {} : { file: source.file };
  return { ...told, ...file, ...document.positionOf(finding) };
}

/** By line and column; what came from flags last. */
function byPosition(a: PolicyProblem, b: PolicyProblem): number {
  const line = (problem: PolicyProblem) => problem.line ?? Number.MAX_SAFE_INTEGER;
  return line(a) - line(b) || (a.column ?? 0) - (b.column ?? 0);
}
