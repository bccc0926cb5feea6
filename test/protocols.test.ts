import { expect, test } from 'vitest';
import { PROTOCOLS } from '../src/ports.ts';
import { knownProtocols, PROTOCOL_NUMBER, protocolNumber } from '../src/protocols.ts';

test.each(PROTOCOLS)('%s has the number that rules know it by', (protocol) => {
  expect(protocolNumber(protocol)).toBe(PROTOCOL_NUMBER[protocol]);
  expect(knownProtocols([1, PROTOCOL_NUMBER[protocol], 58])).toEqual([protocol]);
});

test.each(['0', '256', '-1', 'constructor', '', 'tcp '])('%s is no protocol of a rule', (text) => {
  expect(protocolNumber(text)).toBeUndefined();
});
