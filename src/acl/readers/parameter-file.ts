import { type Element, field, isMapping, items, keysOf } from './element.ts';
import { readJsonDocuments } from './json-text.ts';
import { aclFileError, shown } from './problem.ts';
import type { ParameterValues } from './template-parameters.ts';
import { readYaml } from './yaml-text.ts';

const HINT = 'write [{ "ParameterKey": NAME, "ParameterValue": VALUE }, ...] or { NAME: VALUE, ... }';

/**
 * Values for the parameters of a template, from what AWS's tools read and write: a list of `ParameterKey` and `ParameterValue`
 * (`UsePreviousValue` leaves it open), a list of `NAME=VALUE`, a plain map, CodePipeline's `{ "Parameters": { ... } }`, or the output of
 * `aws cloudformation describe-stacks` for one stack. Throws ACL_FILE.
 */
export function readParameterFile({ name, text: given }: { name: string; text: string }): ParameterValues {
  const text = given.replace(/^\uFEFF/, '');
  const start = /\S/.exec(text)?.[0];
  if (start === undefined) throw aclFileError({ file: name, path: '' }, 'the file is empty', HINT);
  const [root] = start === '[' || start === '{' ? readJsonDocuments({ name, text }) : [readYaml({ name, text })];
  const values = new Map<string, string>();
  const previous = new Set<string>();
  const all = root && listOf(root);
  if (all === undefined) throw aclFileError({ file: name, path: '' }, 'these are no values of parameters', HINT);
  for (const one of Array.isArray(all.value) ? items(all) : []) addItem(one, values, previous);
  for (const key of keysOf(all)) {
    const value = field(all, key);
    if (value !== undefined) values.set(key, plainText(value));
  }
  return { values, previous };
}

/** The list or the map itself. */
function listOf(root: Element): Element | undefined {
  if (Array.isArray(root.value)) return root;
  if (!isMapping(root.value)) return undefined;
  const stacks = field(root, 'Stacks');
  if (stacks !== undefined) {
    const [only, second] = items(stacks);
    if (!only || second) throw aclFileError(stacks.place, 'several stacks, or none', 'describe one: --stack-name NAME');
    return field(only, 'Parameters') ?? { value: [], place: only.place };
  }
  const inner = field(root, 'Parameters');
  return inner && (isMapping(inner.value) || Array.isArray(inner.value)) ? inner : root;
}

function addItem(item: Element, values: Map<string, string>, previous: Set<string>): void {
  if (typeof item.value === 'string') {
    const { name, value } = assignmentOf(item.value) ?? {};
    if (name === undefined || value === undefined)
      throw aclFileError(item.place, `${shown(item.value)} is no NAME=VALUE`, HINT);
    values.set(name, value);
    return;
  }
  const key = field(item, 'ParameterKey')?.value;
  const value = field(item, 'ResolvedValue') ?? field(item, 'ParameterValue');
  if (typeof key !== 'string') throw aclFileError(item.place, 'ParameterKey is missing', HINT);
  if (field(item, 'UsePreviousValue')?.value === true) previous.add(key);
  else if (value !== undefined) values.set(key, plainText(value));
  else throw aclFileError(item.place, `${key} has no ParameterValue`, HINT);
}

function plainText({ value, place }: Element): string {
  if (Array.isArray(value)) return value.map(String).join(',');
  if (isMapping(value)) throw aclFileError(place, 'a mapping is no value of a parameter', HINT);
  return String(value);
}

/** `NAME=VALUE`, or `ParameterKey=NAME,ParameterValue=VALUE`; undefined for anything else. */
export function assignmentOf(text: string): { readonly name: string; readonly value: string } | undefined {
  const [, name = '', value = ''] =
    /^ParameterKey=([^,=]+),ParameterValue=(.*)$/s.exec(text) ?? /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
  return name === '' ? undefined : { name, value };
}
