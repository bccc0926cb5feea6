import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import type { System } from '../system/system.ts';
import { must } from './command.ts';

/** What of a link changes while it comes up. */
export interface LinkState {
  readonly mac: string | undefined;
  readonly up: boolean;
  /** As a bridge's port: whether the bridge passes its packets on. */
  readonly forwarding: boolean;
}

export async function linkState(system: Pick<System, 'run'>, name: string): Promise<LinkState> {
  const json = await must(system, ['ip', '-j', '-d', 'link', 'show', 'dev', name]);
  const link = fields(list(parseJson(json, 'ip link'))[0]);
  const port = fields(fields(link['linkinfo'])['info_slave_data']);
  return {
    mac: text(link['address']),
    up: text(link['operstate']) === 'UP',
    forwarding: text(port['state']) === 'forwarding',
  };
}
