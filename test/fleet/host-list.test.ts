import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PortfenceError } from '../../src/errors.ts';
import { readHostList } from '../../src/fleet/host-list.ts';

const LINES = `
# the web servers
web-1 http://10.0.1.10:9469
10.0.1.11:9469      # no name
http://10.0.1.12:9469/metrics
[fd00::1]:9469
unix:///run/portfence/agent.sock
proxy https://user:secret@proxy.example/web-4/
`;

const faultOf = (text: string): { message: string; hint?: string; detail?: string } => {
  try {
    readHostList(text, 'hosts.txt');
  } catch (error) {
    if (error instanceof PortfenceError)
      return { message: error.message, hint: error.hint ?? '', detail: error.detail ?? '' };
    throw error;
  }
  throw new Error('it was taken');
};

describe('a list of hosts', () => {
  test('has one address a line, in each way in which people write it', () => {
    expect(readHostList(LINES, 'hosts.txt').map(({ name, address }) => [name, address])).toEqual([
      ['web-1', { url: 'http://10.0.1.10:9469' }],
      ['10.0.1.11:9469', { url: 'http://10.0.1.11:9469' }],
      ['10.0.1.12:9469', { url: 'http://10.0.1.12:9469' }],
      ['[fd00::1]:9469', { url: 'http://[fd00::1]:9469' }],
      ['/run/portfence/agent.sock', { socket: '/run/portfence/agent.sock' }],
      ['proxy', { url: 'https://user:secret@proxy.example/web-4' }],
    ]);
  });

  test.each([
    ['a mapping', 'hosts:\n  web-1: http://10.0.1.10:9469\n  web-2: { address: 10.0.1.11:9469, subnet: subnet-b }\n'],
    [
      'a list',
      '# fleet\n---\nhosts:\n- { name: web-1, address: 10.0.1.10:9469 }\n- name: web-2\n  address: 10.0.1.11:9469\n  subnet: subnet-b\n',
    ],
  ])('may be YAML: %s', (_, text) => {
    expect(readHostList(text, 'hosts.yaml')).toEqual([
      { name: 'web-1', address: { url: 'http://10.0.1.10:9469' }, subnet: undefined },
      { name: 'web-2', address: { url: 'http://10.0.1.11:9469' }, subnet: 'subnet-b' },
    ]);
  });

  test.each([
    ['10.0.1.10\n', 'hosts.txt:1: "10.0.1.10" has no port', 'http://10.0.1.10:9469'],
    ['\nftp://10.0.1.10:21\n', 'hosts.txt:2: "ftp://10.0.1.10:21" is neither http nor https', 'http://'],
    ['http://:9469\n', 'hosts.txt:1: "http://:9469" is no address', 'http://'],
    ['http://h:9469/?a=b', 'hosts.txt:1: "http://h:9469/?a=b" has more than an address and a path', 'http://'],
    ['a b c d\n', 'hosts.txt:1: "a b c" is more than a name and an address', 'one address a line'],
    ['a 10.0.0.1:1\na 10.0.0.2:1\n', 'hosts.txt:2: the name "a" stands in line 1 too', 'leave one'],
    ['a 10.0.0.1:1\nb 10.0.0.1:1\n', 'hosts.txt:2: the address "10.0.0.1:1" stands in line 1 too', 'leave one'],
    ['# nothing\n', 'hosts.txt names no host', 'one address a line'],
    ['hosts:\n  a: [\n', 'hosts.txt:3: it is no YAML', 'hosts: {'],
    ['hosts:\n  a: 10.0.0.1:1\nhost: x\n', 'hosts.txt:3: the key "host" is not known', 'hosts: {'],
    ['hosts:\n  a: { addres: 10.0.0.1:1 }\n', 'hosts.txt:2: the key "addres" is not known', 'did you mean address?'],
    ['hosts:\n  a: { subnet: b }\n', 'hosts.txt:2: a host has no address', 'address: http'],
    ['hosts: 3\n', 'hosts.txt:1: hosts is neither a mapping nor a list', 'hosts: {'],
    ['hosts:\n', 'hosts.txt:1: hosts is neither a mapping nor a list', 'hosts: {'],
    ['hosts:\n  a: &x 10.0.0.1:1\n  b: *x\n', 'hosts.txt:3: a host has no address', 'hosts: {'],
    ['hosts:\n  a: 10.0.0.1:1\n  a: 10.0.0.2:1\n', 'hosts.txt:3: it is no YAML: Map keys must be unique', 'hosts: {'],
  ])('%j is refused with its line and what to do', (text, message, hint) => {
    const fault = faultOf(text);
    expect(fault.message).toContain(message);
    expect(fault.hint).toContain(hint);
  });

  test('every wrong line is named, the first as the sentence', () => {
    expect(faultOf('a\nb:1\nc\n')).toMatchObject({
      message: 'hosts.txt:1: "a" has no port',
      detail: 'hosts.txt:3: "c" has no port',
    });
  });

  test('a name that would move the cursor does not reach the terminal', () => {
    expect(faultOf('\u001b[2Jx\n').message).not.toContain('\u001b');
  });

  test('whatever is in the file, it is read or refused', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((more) => `hosts:\n${more}`),
      fc.string().map((more) => `hosts: ${more}`),
    );
    fc.assert(
      fc.property(text, (written) => {
        try {
          readHostList(written, 'f');
        } catch (error) {
          expect(error).toBeInstanceOf(PortfenceError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
