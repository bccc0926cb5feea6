import type { SourcePlace, Unjudged } from '../model.ts';
import {
  type Element,
  field,
  type GivenValue,
  isMapping,
  items,
  mapping,
  optionalText,
  requiredText,
} from './element.ts';
import { aclFileError, shown } from './problem.ts';
import { type Instance, isTerraformState, stateInstances } from './terraform-state.ts';

export type { Instance } from './terraform-state.ts';

/** What `terraform show -json` told. */
export interface TerraformDocument {
  readonly place: SourcePlace;
  readonly instances: readonly Instance[];
  /** What a plan takes away, with the values that go. */
  readonly gone: readonly Instance[];
  /** A plan's configuration; undefined in a state. */
  readonly configuration: Element | undefined;
  readonly unjudged: readonly Unjudged[];
}

const READ_TYPES =
  /^aws_(?:default_)?(?:network_acl|network_acl_rule|network_acl_association|subnet|vpc|vpc_ipv6_cidr_block_association)$/;

export function isTerraform(root: Element): boolean {
  const { value } = root;
  return (isMapping(value) && typeof value['format_version'] === 'string') || isTerraformState(root);
}

const isRead = (type: string): boolean => READ_TYPES.test(type);

/**
 * Reads the JSON of a plan or a state (Terraform, "JSON Output Format", major version 0 or 1), or a raw state of version 4. Throws
 * ACL_FILE.
 */
export function readTerraformDocument(root: Element): TerraformDocument {
  if (isTerraformState(root)) {
    const instances = stateInstances(root, isRead);
    return { place: root.place, instances, gone: [], configuration: undefined, unjudged: [] };
  }
  const version = requiredText(root, 'format_version');
  if (!/^[01]\./.test(version)) {
    const hint = 'use a Terraform whose show -json writes version 1';
    throw aclFileError(root.place, `format_version ${shown(version)} is not known to portfence`, hint);
  }
  const changes = items(field(root, 'resource_changes')).flatMap(changeOf);
  const planned = field(root, 'planned_values') ?? field(root, 'values');
  const known = new Set(changes.map(({ instance }) => instance.address));
  const others = moduleInstances(planned && field(planned, 'root_module')).filter(({ address }) => !known.has(address));
  return {
    place: root.place,
    instances: [...changes.filter(({ stays }) => stays).map(({ instance }) => instance), ...others],
    gone: changes.flatMap(({ before }) => before ?? []),
    configuration: field(root, 'configuration'),
    unjudged: incomplete(root),
  };
}

interface Change {
  readonly instance: Instance;
  readonly stays: boolean;
  readonly before: Instance | undefined;
}

function changeOf(element: Element): readonly Change[] {
  const type = requiredText(mapping(element), 'type');
  if (!isRead(type) || field(element, 'deposed') !== undefined) return [];
  const change = field(element, 'change');
  if (change === undefined) throw aclFileError(element.place, 'change is missing', 'write the plan anew');
  const actions = items(field(change, 'actions')).map(({ value }) => value);
  const [before, after] = [field(change, 'before'), field(change, 'after')];
  const isGone = after === undefined;
  // What Terraform forgets goes on in the cloud as it was.
  const values = actions.includes('forget') ? before : (after ?? before);
  if (values === undefined) return [];
  const instance = {
    ...named(element, optionalText(element, 'module_address') ?? ''),
    values: mapping(values),
    unknown: field(change, 'after_unknown')?.value,
    isNew: actions.includes('create'),
  };
  return [
    {
      instance,
      stays: !isGone || actions.includes('forget'),
      before:
        actions.includes('delete') && before !== undefined
          ? { ...instance, values: mapping(before), unknown: undefined }
          : undefined,
    },
  ];
}

function moduleInstances(module: Element | undefined): readonly Instance[] {
  if (module === undefined) return [];
  const address = optionalText(mapping(module), 'address') ?? '';
  const own = items(field(module, 'resources')).flatMap((element): Instance[] => {
    const type = requiredText(mapping(element), 'type');
    const values = field(element, 'values');
    if (!isRead(type) || values === undefined) return [];
    return [{ ...named(element, address), values: mapping(values), unknown: undefined, isNew: false }];
  });
  return [...own, ...items(field(module, 'child_modules')).flatMap(moduleInstances)];
}

function named(
  element: Element,
  module: string,
): Pick<Instance, 'address' | 'module' | 'type' | 'name' | 'index' | 'isData'> {
  const index = field(element, 'index')?.value;
  return {
    address: requiredText(element, 'address'),
    module,
    type: requiredText(element, 'type'),
    name: requiredText(element, 'name'),
    index: typeof index === 'string' || typeof index === 'number' ? index : undefined,
    isData: optionalText(element, 'mode') === 'data',
  };
}

function incomplete(root: Element): readonly Unjudged[] {
  const told = (reason: string): Unjudged => ({ reason, place: root.place, acl: undefined });
  return [
    ...(field(root, 'complete')?.value === false ? [told('the plan is not complete: it leaves resources out')] : []),
    ...(field(root, 'errored')?.value === true ? [told('the plan ended in an error')] : []),
    ...items(field(root, 'deferred_changes'))
      .filter((one) => READ_TYPES.test(String(field(field(one, 'resource_change') ?? one, 'type')?.value)))
      .map(() => told('the plan defers a change of a network ACL or a subnet')),
  ];
}

/** A value of an instance: absent, known, or known only after apply. */
export function attributeOf({ values, unknown, address }: Instance, key: string): GivenValue {
  if (unknown === true || (isMapping(unknown) && Object.hasOwn(unknown, key) && unknown[key] === true))
    return AFTER_APPLY;
  const found = field(values, key);
  if (found === undefined || found.value === '') return undefined;
  return { value: found.value, place: { file: values.place.file, path: `${address}.${key}` } };
}

export const AFTER_APPLY = { unknown: 'known only after apply' } as const;
