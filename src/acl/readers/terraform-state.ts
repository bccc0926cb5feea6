import type { SourcePlace } from '../model.ts';
import { type Element, field, isMapping, items, mapping, optionalText, requiredText } from './element.ts';
import { aclFileError, shown } from './problem.ts';

/** An instance of a resource, as a state or a plan tells it. */
export interface Instance {
  readonly address: string;
  /** The address of its module instance; empty for the root. */
  readonly module: string;
  readonly type: string;
  readonly name: string;
  /** Its key under count or for_each. */
  readonly index: string | number | undefined;
  readonly isData: boolean;
  readonly values: Element;
  /** Which of its values are known only after apply, in their shape. */
  readonly unknown: unknown;
  /** Made by this plan, so that the cloud gives it nothing but what is configured. */
  readonly isNew: boolean;
}

/** Whether a document is the state that Terraform and OpenTofu keep (`terraform.tfstate`, `terraform state pull`), of any version. */
export function isTerraformState({ value }: Element): boolean {
  return isMapping(value) && typeof value['lineage'] === 'string' && value['version'] !== undefined;
}

/** The instances of a raw state, version 4 (Terraform, internal/states/statefile/version4.go). Throws ACL_FILE. */
export function stateInstances(root: Element, isRead: (type: string) => boolean): readonly Instance[] {
  const version = field(root, 'version')?.value;
  if (version !== 4) {
    const hint = 'let a terraform of version 0.12 or newer read it, then run terraform show -json';
    throw aclFileError(root.place, `a Terraform state of version ${shown(version)}; portfence reads version 4`, hint);
  }
  if (field(root, 'encrypted_data') !== undefined)
    throw aclFileError(root.place, 'this state is encrypted', 'run tofu show -json, or tofu state pull');
  return items(field(root, 'resources')).flatMap((resource) => {
    const type = requiredText(mapping(resource), 'type');
    return isRead(type) ? instancesOf(resource, type) : [];
  });
}

function instancesOf(resource: Element, type: string): readonly Instance[] {
  const module = optionalText(resource, 'module') ?? '';
  const name = requiredText(resource, 'name');
  const isData = optionalText(resource, 'mode') === 'data';
  return items(field(resource, 'instances')).flatMap((one): readonly Instance[] => {
    // An object that Terraform still has to destroy after it made another in its place.
    if (field(mapping(one), 'deposed') !== undefined) return [];
    const attributes = field(one, 'attributes');
    const key = field(one, 'index_key')?.value;
    const index = typeof key === 'string' || typeof key === 'number' ? key : undefined;
    const prefix = `${module === '' ? '' : `${module}.`}${isData ? 'data.' : ''}`;
    const address = `${prefix}${type}.${name}${index === undefined ? '' : `[${JSON.stringify(index)}]`}`;
    if (attributes === undefined) throw unreadable({ file: one.place.file, path: address });
    return [
      { address, module, type, name, index, isData, values: mapping(attributes), unknown: undefined, isNew: false },
    ];
  });
}

const unreadable = (place: SourcePlace): Error =>
  aclFileError(place, 'its attributes are in the form of an old provider', 'run terraform apply -refresh-only first');
