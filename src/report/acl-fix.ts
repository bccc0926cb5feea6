import type { Fix, NewEntry } from '../acl/fix.ts';
import type { Unjudged } from '../acl/model.ts';
import type { Question } from '../acl/question.ts';
import { protocolText } from '../acl/services.ts';
import { deciderText } from '../acl/words.ts';
import { type PortSet, portsText, rangeText } from '../ports.ts';
import { scrub } from '../scrub.ts';
import { asJudged, deciderJson, unjudgedJson, unjudgedLines } from './acl-because.ts';
import { askedText, section, sidesJson } from './acl-ranges.ts';
import { awsLines } from './aws-entry.ts';
import { cloudFormationLines } from './cloudformation-entry.ts';
import { terraformLines } from './terraform-entry.ts';

/** Everything that `acl fix` found out. */
export interface AclFix {
  readonly question: Question;
  readonly fix: Fix;
  readonly used: { readonly source: string; readonly words: string };
  /** The ports that pass without any change of the rules; none where no port is safe. */
  readonly offered: PortSet;
  readonly unjudged: readonly Unjudged[];
  readonly notes: readonly string[];
}

/** How ACL and ports in use can be made to fit, for scripts and for people. */
export function aclFixText(found: AclFix): { json: unknown; text: readonly string[] } {
  const { question, fix, used, offered, unjudged, notes } = found;
  const { entries, stuck, after } = fix;
  const range = offered.length > 0 ? portsText(offered) : null;
  return {
    json: {
      ...sidesJson(question),
      source: used.source,
      needed: entries.length > 0 || stuck !== undefined,
      fitsAfter: after.fits,
      certain: unjudged.length === 0,
      entries: entries.map((one) => ({
        acl: one.acl.id,
        direction: one.direction,
        number: one.number,
        family: one.family,
        protocol: protocolText(one.protocol),
        ports: rangeText(one.range),
        remote: one.remote,
        opens: opensText(one),
        against: one.against.map(deciderJson),
      })),
      stuck: stuck ?? null,
      awsCli: entries.filter(isAws).flatMap(awsLines),
      terraform: entries.filter(isAws).flatMap(terraformLines),
      cloudFormation: entries.filter(isFromTemplate).flatMap(cloudFormationLines),
      table: entries.filter((one) => !isAws(one)).map(tableLine),
      range,
      unjudged: unjudgedJson(unjudged),
      notes,
    },
    text: [
      ...(entries.length === 0 && stuck === undefined
        ? [`nothing to change: ${askedText(question)} fits${asJudged(unjudged)}`]
        : changeLines(found)),
      ...section('could not be judged at all, and may change this answer:', unjudgedLines(unjudged)),
    ],
  };
}

function changeLines({ question, fix: { entries, stuck }, used, offered, unjudged }: AclFix): readonly string[] {
  const range = portsText(offered);
  const ports = [
    'change the ports, which opens nothing:',
    range ? `  portfence apply --ports ${range}` : '  no port from 1024 up passes by the rules that are there',
  ];
  const rules = stuck
    ? [`the rules can't be mended by entries: ${scrub(stuck)}`]
    : [
        `or change the rules (checked: with these entries every port in use passes${asJudged(unjudged)}):`,
        ...entries.flatMap(entryLines),
        ...commandLines(entries),
      ];
  return [
    `${askedText(question)}; source ports in use: ${used.words}`,
    '',
    ...ports,
    '',
    ...rules,
    ...manyLines(entries),
  ];
}

const opensText = ({ direction, protocol, range, remote }: NewEntry): string =>
  `${direction} ${protocolText(protocol)} to port${range.from === range.to ? '' : 's'} ${rangeText(range)} ${direction === 'inbound' ? 'from' : 'at'} ${remote}`;

function entryLines(one: NewEntry): readonly string[] {
  const against = one.against.flatMap((decider) =>
    decider.kind === 'entry'
      ? [`${decider.entry.allow === false ? 'an entry denies it' : 'it may be denied'}: ${deciderText(decider)}`]
      : [],
  );
  return [
    `  ${scrub(one.acl.id)}, new entry ${one.number}: opens ${opensText(one)}`,
    ...against.map((text) => `    ahead of what is there, since ${text}`),
  ];
}

function commandLines(entries: readonly NewEntry[]): readonly string[] {
  const aws = entries.filter(isAws);
  const others = entries.filter((one) => !isAws(one));
  const templates = entries.filter(isFromTemplate);
  const isAll = templates.length === entries.length;
  return [
    ...(templates.length > 0
      ? ['', 'CloudFormation, as resources of the template:', ...templates.flatMap(cloudFormationLines).map(indent)]
      : []),
    ...(templates.length > 0 && aws.length > 0 ? ['', DRIFT] : []),
    ...(aws.length > 0 ? ['', 'aws:', ...aws.flatMap(awsLines).map(indent)] : []),
    ...(aws.length > 0 && !isAll ? ['', 'Terraform:', ...aws.flatMap(terraformLines).map(indent)] : []),
    ...(others.length > 0 ? ['', 'as lines of the table:', ...others.map(tableLine).map(indent)] : []),
  ];
}

/** What CloudFormation made, other programs change behind its back. */
const DRIFT = 'the stack would drift from its template by these commands, and undo them at some later update:';
const isFromTemplate = ({ acl }: NewEntry): boolean => acl.template !== undefined;
const indent = (line: string): string => (line === '' ? '' : `  ${line}`);
const isAws = ({ acl }: NewEntry): boolean => acl.exempts !== 'none';
const tableLine = ({ direction, number, protocol, range, remote }: NewEntry): string =>
  `${direction === 'inbound' ? 'in' : 'out'} ${number} allow ${protocolText(protocol)} ${rangeText(range)} ${remote}`;

/** How many entries of one direction AWS takes unless asked for more (VPC guide, "Amazon VPC quotas"). */
const QUOTA = 20;

function manyLines(entries: readonly NewEntry[]): readonly string[] {
  const ways = new Map(entries.filter(isAws).map((one) => [`${one.direction} ${one.acl.id}`, one]));
  return [...ways.values()].flatMap(({ acl, direction }) => {
    const count = (all: readonly { readonly direction: unknown }[]) =>
      all.filter((one) => one.direction === direction).length;
    const sum =
      count(acl.entries) +
      count(
        entries.filter(
          (one) =>
            one.acl.id === acl.id &&
            !acl.entries.some((old) => old.number === one.number && old.direction === direction),
        ),
      );
    return sum > QUOTA
      ? [`${scrub(acl.id)} would have ${sum} ${direction} entries; AWS takes ${QUOTA} unless the quota is raised`]
      : [];
  });
}
