import { readAddress } from '../../addresses.ts';
import { entries } from '../data.ts';
import { error, type Finding } from '../finding.ts';
import { displayed } from '../problem.ts';
import type { PolicyRuleInput } from './rule.ts';

const SHAPE = /^(?:([\d.]+)|\[([0-9a-fA-F:.]+)\]):(\d{1,5})$/;

export function listenIsAnAddress({ data }: PolicyRuleInput): readonly Finding[] {
  return entries(data, ['listen']).flatMap(({ path, text }) => {
    const [, four, six, digits] = SHAPE.exec(text) ?? [];
    const port = Number(digits);
    const isFine = readAddress(four ?? six ?? '') !== undefined && port >= 1 && port <= 65_535;
    const remedy = 'write an address of this host and a port, like 127.0.0.1:9469 or [::1]:9469';
    return isFine ? [] : [error(path, `${displayed(text)} is no address with a port`, remedy)];
  });
}
