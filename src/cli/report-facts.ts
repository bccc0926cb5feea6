import { PortfenceError } from '../errors.ts';
import { aclPortsRequest } from '../policy/parse.ts';
import type { PolicySource } from '../reconcile/survey.ts';
import type { AclSection, HostReportFacts } from '../report/host-report.ts';
import { scrub } from '../scrub.ts';
import type { Argv, System } from '../system/system.ts';
import { aclFitPage } from './acl-fit.ts';
import type { CommonFlags, Context } from './context.ts';
import { namedAcl, policyOfAcl } from './named-acl.ts';
import { aclRequestOf, DEFAULT_POLICY, type PolicyOptions } from './policy-flags.ts';
import { version } from './version.ts';

/** The flags that say what a report is about. */
export interface ReportOptions extends CommonFlags, PolicyOptions {
  readonly verify?: boolean;
  /** `auto` asks EC2; else a file of network ACLs. */
  readonly acl?: string;
  readonly subnet?: string;
}

/** How many destinations and sources, and connections of the verification. */
const MOST = 200;
const CONNECTIONS = 50;

/** Everything that a report tells, looked at now. Throws as `status` and `verify` do; an ACL that can't be asked becomes a sentence. */
export async function reportFacts(context: Context, options: ReportOptions): Promise<HostReportFacts> {
  const { system } = context;
  const [{ examineHost }, { observeFlowReport }, { flowQuestion }, { observeRootless }, { observeEngineDefaults }] =
    await Promise.all([
      import('./examine-host.ts'),
      import('../flows/flow-report.ts'),
      import('./flow-question.ts'),
      import('../observe/rootless.ts'),
      import('../observe/default-sysctls.ts'),
    ]);
  const [{ statusText }, { doctorText }, { addressTable }] = await Promise.all([
    import('../report/status.ts'),
    import('../report/doctor.ts'),
    import('../plan/address-table.ts'),
  ]);
  const { policy, survey: found, fence, agent, findings } = await examineHost(context, options);
  const { report } = await observeFlowReport(system, await flowQuestion(context, options, MOST));
  const [rootless, defaults] = await Promise.all([observeRootless(system), observeEngineDefaults(system)]);
  const containers = { agent, rootless, defaults, now: system.now() };
  return {
    ...{ at: system.now(), host: await firstLine(system, ['uname', '-n']), versions: await versions(system) },
    ...{ status: statusText(found, fence, containers), flows: report, ranges: found.plan.ranges },
    addresses: addressTable(found.plan, found.facts),
    doctor: doctorText(findings, { colour: false }),
    acl: await aclSection(context, options),
    verified: options.verify ? await verifyNow(context, options, policy) : undefined,
  };
}

async function verifyNow({ system, say }: Context, { dockerHost }: ReportOptions, policy: PolicySource) {
  const { verify } = await import('../verify/verify.ts');
  const { verifiedText } = await import('../report/verified.ts');
  const { interruptible } = await import('../system/signals.ts');
  const asked = { policy, connections: CONNECTIONS, to: undefined, dockerHost, say };
  return verifiedText(await interruptible((signal) => verify(system, { ...asked, signal })));
}

/** Whether the fence fits the ACL that a flag names, else the one that the policy names. */
async function aclSection(context: Context, options: ReportOptions): Promise<AclSection | undefined> {
  const { acl, subnet, policy } = options;
  const request =
    acl === undefined
      ? await aclRequestOf(context, options).catch(() => undefined)
      : aclPortsRequest({ text: policyOfAcl(namedAcl(acl, subnet)) });
  if (!request) return undefined;
  const used = { ...(policy && { policy }), ...(options.ports && { ports: options.ports }) };
  try {
    return await aclFitPage(context, request, { ...used, policyFile: policy ?? DEFAULT_POLICY });
  } catch (error) {
    if (!(error instanceof PortfenceError)) throw error;
    return { json: { problem: error.message }, text: [`the network ACL can't be asked: ${error.message}`] };
  }
}

async function versions(system: System): Promise<readonly (readonly [string, string])[]> {
  const programs: readonly (readonly [string, Argv])[] = [
    ['kernel', ['uname', '-r']],
    ['nft', ['nft', '--version']],
    ['iptables', ['iptables', '--version']],
    ['conntrack', ['conntrack', '--version']],
    ['docker', ['docker', '--version']],
  ];
  const found = await Promise.all(programs.map(async ([name, argv]) => [name, await firstLine(system, argv)] as const));
  return [['portfence', version], ...found];
}

async function firstLine(system: System, argv: Argv): Promise<string> {
  const { code, stdout } = await system.run(argv, { timeoutMs: 5000 }).catch(() => ({ code: 1, stdout: '' }));
  return code === 0 ? scrub(stdout.split('\n')[0] ?? '') : 'not there';
}
