import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressTable } from '../../src/flows/address-table.ts';
import { readConntrack } from '../../src/observe/conntrack.ts';
import { newFields, readLine } from '../../src/observe/flow-line.ts';
import type { Span } from '../../src/observe/flow-line-address.ts';
import { PROTOCOL_NUMBER } from '../../src/protocols.ts';
import { entryLine } from '../flows/entries.ts';

/** Reads the line that begins at `start`, and gives its fields with addresses as text. */
function read(text: string, start = 0) {
  const bytes = Buffer.from(text, 'latin1');
  const fields = newFields();
  const kind = readLine(bytes, start, bytes.length, fields);
  const addresses = addressTable(() => 0);
  const written = (span: Span): string => addresses.text(addresses.numberOf(bytes, span));
  if (kind !== 'flow') return { kind, newline: fields.newline };
  const { source, destination, leaving, ...rest } = fields;
  return {
    ...{ kind, ...rest },
    ...{ source: written(source), destination: written(destination), leaving: written(leaving) },
  };
}

function addressesOf(text: string): { source?: string; destination?: string; leaving?: string } {
  const seen = read(text);
  return seen.kind === 'flow' ? seen : {};
}

const port = fc.nat(65_535);
const words = fc
  .array(fc.constantFrom('packets=4', 'bytes=512', 'zone-orig=3', 'secctx=a:b', 'labels=a,b'), { maxLength: 3 })
  .map((all) => all.map((word) => `${word} `).join(''));
/** A random line of the kernel's, of both families and every protocol that a policy can name. */
const line = fc.constantFrom('ipv4', 'ipv6').chain((family) => {
  const address = family === 'ipv4' ? fc.ipV4() : fc.ipV6().filter((text) => !text.includes('.'));
  return fc
    .record({
      ...{ source: address, answering: address, leaving: address, first: port, second: port, third: port },
      ...{ one: words, two: words, three: words, timeout: fc.nat(432_000), unreplied: fc.boolean() },
      protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
      state: fc.constantFrom('', 'ESTABLISHED ', 'SYN_SENT ', 'TIME_WAIT '),
    })
    .map((at) =>
      [
        `${family}     ${family === 'ipv4' ? 2 : 10} ${at.protocol.padEnd(8)} `,
        `${PROTOCOL_NUMBER[at.protocol as 'tcp']} ${at.timeout} ${at.state}`,
        `src=${at.source} dst=${at.answering} sport=${at.first} dport=${at.second} ${at.one}`,
        `${at.unreplied ? '[UNREPLIED] ' : ''}src=${at.answering} dst=${at.leaving} sport=${at.second} dport=${at.third} `,
        `${at.two}${at.unreplied ? '' : '[ASSURED] '}mark=0 ${at.three}use=2\n`,
      ].join(''),
    );
});

test('reads from bytes what the reader of text reads', () => {
  fc.assert(
    fc.property(line, fc.nat(9), (text, before) => {
      const [flow] = readConntrack(text);
      const shifted = `${'x'.repeat(before)}\n`;
      expect(read(shifted + text, shifted.length)).toMatchObject({
        ...{ kind: 'flow', newline: shifted.length + text.length - 1, timeoutS: flow?.timeoutS },
        ...{ protocol: PROTOCOL_NUMBER[flow?.protocol ?? 'tcp'], unreplied: flow?.unreplied },
        leavingPort: flow?.reply.destinationPort,
        destinationPort: flow?.reply.sourcePort,
      });
      const plain = (address = ''): string =>
        new URL(`http://${address.includes(':') ? `[${address}]` : address}`).host;
      const { source = '', destination = '', leaving = '' } = addressesOf(text);
      expect([source, destination, leaving].map(plain)).toEqual(
        [flow?.original.source, flow?.reply.source, flow?.reply.destination].map(plain),
      );
    }),
  );
});

test('finds the next line, whatever stands in this one', () => {
  const part = fc.oneof(fc.string(), line, fc.constantFrom('src=', 'sport=1', 'dpo', 's\n', '\0', '\t', ' '));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), line, (parts, next) => {
      const text = `${parts.join('')}\n`;
      expect(read(text + next).newline).toBe(text.indexOf('\n'));
    }),
  );
});

describe('a line is malformed', () => {
  const good = entryLine({ source: '10.0.0.1', destination: '203.0.113.10', port: 443, leavingPort: 50_000 });
  test.each([
    ['with a part of an address above 255', good.replace('10.0.0.1', '10.0.0.256')],
    ['with three parts of an address', good.replace('10.0.0.1', '10.0.1')],
    ['with a part of an address that begins with 0', good.replace('10.0.0.1', '10.0.0.01')],
    ['with an empty part of an address', good.replace('10.0.0.1', '10..0.1')],
    ['with five parts of an address', good.replace('10.0.0.1', '10.0.0.1.2')],
    ['with a name for an address', good.replace('10.0.0.1', 'localhost')],
    ['with a port above 65535', good.replace('dport=50000', 'dport=65536')],
    ['without the port that it leaves with', good.slice(0, good.lastIndexOf('dport='))],
    ['without the answers', good.slice(0, good.lastIndexOf('src='))],
    ['whose second half stands in the next line', good.replace(' src=203', '\nsrc=203')],
  ])('%s', (_, text) => {
    expect(read(`${good}\n`).kind).toBe('flow');
    expect(read(`${text}\n${good}\n`).kind).toBe('malformed');
  });
});

test('reads every line of a real listing', () => {
  const lines = readFileSync(new URL('./fixtures/conntrack.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  expect(lines.map((one) => read(`${one}\n`).kind).filter((kind) => kind === 'flow')).toHaveLength(10);
});
