import { type Data, type Entry, listEntries } from '../data.ts';
import { error, type Finding, warning } from '../finding.ts';
import { nearest } from '../nearest.ts';
import { displayed, type PolicyPath } from '../problem.ts';
import { isGlob, nameFault, nameMatches } from './interface-name.ts';
import type { PolicyRuleInput } from './rule.ts';

const UPLINKS: PolicyPath = ['uplinks'];
const CONTAINERS: PolicyPath = ['containers', 'interfaces'];

/** Every interface has a name that the kernel takes. */
export function interfacesHaveNames({ data }: PolicyRuleInput): readonly Finding[] {
  return [UPLINKS, CONTAINERS].flatMap((path) =>
    listEntries(data, path).flatMap((entry) => {
      const found = nameFault(entry.text);
      return found ? [error(entry.path, found.message, found.remedy)] : [];
    }),
  );
}

/** No interface stands twice in a list. */
export function interfacesAreListedOnce({ data }: PolicyRuleInput): readonly Finding[] {
  return [UPLINKS, CONTAINERS].flatMap((path) => {
    const seen = new Set<string>();
    return listEntries(data, path).flatMap(({ path: at, text }) => {
      if (seen.has(text)) return [error(at, `${displayed(text)} is listed twice`, 'remove one of the two')];
      seen.add(text);
      return [];
    });
  });
}

/** lo is neither an uplink nor an interface that containers arrive on. */
export function loopbackIsNoUplink({ data }: PolicyRuleInput): readonly Finding[] {
  const remedy = 'name the interface that leads to the network';
  return [
    ...listEntries(data, UPLINKS)
      .filter(({ text }) => text === 'lo')
      .map(({ path }) => error(path, 'lo leads nowhere but to this host', remedy)),
    ...listEntries(data, CONTAINERS)
      .filter(({ text }) => text === 'lo')
      .map(({ path }) => error(path, 'no container arrives on lo', 'name a bridge like docker0')),
  ];
}

/** No glob takes every interface. */
export function namesAreNotEverything({ data }: PolicyRuleInput): readonly Finding[] {
  return [UPLINKS, CONTAINERS].flatMap((path) =>
    listEntries(data, path)
      .filter(({ text }) => text === '*')
      .map(({ path: at }) =>
        error(at, '* means every interface, lo and container bridges included', 'write auto, or names'),
      ),
  );
}

/** No interface is an uplink and one of containers. */
export function containersDoNotArriveOnUplinks({ data }: PolicyRuleInput): readonly Finding[] {
  const uplinks = new Set(listEntries(data, UPLINKS).map(({ text }) => text));
  return listEntries(data, CONTAINERS)
    .filter(({ text }) => uplinks.has(text))
    .map(({ path, text }) => error(path, `${displayed(text)} is an uplink too`, 'keep it in one of the two'));
}

/** A container bridge may be made later, by an engine that starts after us; an uplink that is not there is a slip of the pen. */
export function interfacesExist({ data, interfaces }: PolicyRuleInput): readonly Finding[] {
  if (interfaces === undefined) return [];
  return [
    ...absent(data, UPLINKS, interfaces).map((entry) =>
      isGlob(entry.text) ? globMatchesNone(entry, interfaces) : unknownUplink(entry, interfaces),
    ),
    ...absent(data, CONTAINERS, interfaces).map(({ path, text }) =>
      warning(path, `${displayed(text)} matches no interface yet`),
    ),
  ];
}

function absent(data: Data, path: PolicyPath, interfaces: readonly string[]): readonly Entry[] {
  return listEntries(data, path).filter(
    ({ text }) => nameFault(text) === undefined && !interfaces.some((name) => nameMatches(text, name)),
  );
}

function globMatchesNone({ path, text }: Entry, interfaces: readonly string[]): Finding {
  return warning(path, `${displayed(text)} matches no interface yet`, there(interfaces));
}

function unknownUplink({ path, text }: Entry, interfaces: readonly string[]): Finding {
  const close = nearest(text, uplinkNames(interfaces));
  const meant = close === undefined ? '' : `did you mean ${displayed(close)}? `;
  return error(path, `there is no interface ${displayed(text)}`, `${meant}${there(interfaces)}`);
}

function there(interfaces: readonly string[]): string {
  const names = uplinkNames(interfaces);
  if (names.length === 0) return 'there is none but lo';
  const some = names.slice(0, 12).map(displayed).join(', ');
  return `this host has ${some}${names.length > 12 ? ` and ${names.length - 12} more` : ''}`;
}

function uplinkNames(interfaces: readonly string[]): readonly string[] {
  return interfaces.filter((name) => name !== 'lo');
}
