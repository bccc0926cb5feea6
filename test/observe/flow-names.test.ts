import { expect, test } from 'vitest';
import { observeContainerNames, readContainerNames } from '../../src/observe/container-names.ts';
import { observeSocketOwners, readSockets } from '../../src/observe/socket-owners.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const container = {
  Id: 'a'.repeat(64),
  Names: ['/shop-web-1'],
  Image: 'nginx:1.27',
  Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' },
  NetworkSettings: {
    Networks: { shop: { IPAddress: '172.18.0.2', GlobalIPv6Address: 'fd00:18::2' }, none: { IPAddress: '' } },
  },
};

test('containers have a name, an image, and what they are a part of, by address', () => {
  expect(readContainerNames([container, { Names: ['/no-id'] }, null])).toEqual([
    { name: 'shop-web-1', image: 'nginx:1.27', group: 'shop/web', addresses: ['172.18.0.2', 'fd00:18::2'] },
  ]);
});

test('a pod is known by the labels that its runtime sets', () => {
  const labels = { 'io.kubernetes.pod.namespace': 'prod', 'io.kubernetes.pod.name': 'api-0' };
  expect(readContainerNames([{ ...container, Labels: labels }])[0]?.group).toBe('prod/api-0');
});

test('control characters in names never reach a terminal', () => {
  expect(readContainerNames([{ ...container, Names: ['/a\u001b[2Jb'] }])[0]?.name).toBe('a?[2Jb');
});

test('an engine that does not answer has no containers', async () => {
  const system = scriptedSystem({ sockets: { '/run/a.sock /containers/json': new Error('timeout') } });
  expect(await observeContainerNames(system, ['/run/a.sock', '/run/none.sock'])).toEqual(new Map());
});

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0A01000A:C000 0A7100CB:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 7001 1 0000000000000000 20 4 30 10 -1
   1: 0A01000A:C001 0A7100CB:01BB 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0000000000000000
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7002 1 0000000000000000 100 0 0 10 0
`;

test('sockets are read with their other end, in the byte order of the machine', () => {
  expect(readSockets(TCP, 'tcp')).toEqual([
    { protocol: 'tcp', address: '203.0.113.10', port: 443, inode: '7001' },
    { protocol: 'tcp', address: '203.0.113.10', port: 443, inode: '0' },
  ]);
});

test('IPv6 and IPv4 in IPv6 are told apart', () => {
  const six = TCP.replaceAll('0A7100CB', 'B80D0120000000000000000001000000').replaceAll('0A01000A', '0'.repeat(32));
  expect(readSockets(six, 'tcp')[0]?.address).toBe('2001:db8::1');
  const mapped = TCP.replaceAll('0A7100CB', '0000000000000000FFFF00000A7100CB').replaceAll('0A01000A', '0'.repeat(32));
  expect(readSockets(mapped, 'tcp')[0]?.address).toBe('203.0.113.10');
});

test('a socket belongs to the program that holds it, or to one that is not seen; ended connections to none', async () => {
  const of = { protocol: 'tcp', address: '203.0.113.10', port: 443, sockets: 1 };
  const unseen = { ...of, program: undefined, pid: undefined };
  const system = scriptedSystem({
    files: { '/proc/net/tcp': TCP, '/proc/812/comm': 'curl\n', '/proc/812/fd/x': '' },
    links: { '/proc/812/fd/3': 'socket:[7001]' },
  });
  expect(await observeSocketOwners(system, () => true)).toEqual([
    { ...of, program: 'curl', pid: 812, ended: false },
    { ...unseen, ended: true },
  ]);
  const hidden = scriptedSystem({ files: { '/proc/net/tcp': TCP } });
  expect(await observeSocketOwners(hidden, () => true)).toEqual([
    { ...unseen, ended: false },
    { ...unseen, ended: true },
  ]);
});
