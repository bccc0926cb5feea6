import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { observeContainerNames } from '../../src/observe/container-names.ts';
import { podRuntime, podSockets } from '../../src/observe/cri.ts';
import { podListRequest, podStatusRequest } from '../../src/observe/cri-messages.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const SOCKET = '/run/cri.sock';
const env = { CONTAINER_RUNTIME_ENDPOINT: `unix://${SOCKET}` };
const call = (method: string, version = 'v1'): string => `${SOCKET} /runtime.${version}.RuntimeService/${method}`;

type Part = string | number | Uint8Array;

/** A message of these fields, by their numbers. */
function message(...fields: readonly (readonly [number, Part])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, part] of fields) {
    if (typeof part === 'number') writer.tag(number, WireType.Varint).int32(part);
    else if (typeof part === 'string') writer.tag(number, WireType.LengthDelimited).string(part);
    else writer.tag(number, WireType.LengthDelimited).bytes(part);
  }
  return writer.finish();
}
const entry = (key: string, value: string): Uint8Array => message([1, key], [2, value]);

const pods = message([
  1,
  message(
    ...([
      [1, 'sandbox-1'],
      [2, message([1, 'shop-7f9c'], [2, 'uid'], [3, 'prod'], [4, 1])],
      [3, 0],
      [4, 1],
      [5, entry('app.kubernetes.io/name', 'shop')],
    ] as const),
  ),
]);
const info = {
  runtimeSpec: {
    linux: {
      sysctl: { 'net.ipv4.ip_local_port_range': '20000\t30000', 'net.core.somaxconn': '99' },
      namespaces: [{ type: 'pid' }, { type: 'network', path: '/var/run/netns/cni-1' }],
    },
  },
};
const status = message(
  [1, message([1, 'sandbox-1'], [5, message([1, '10.244.0.5'], [2, message([1, 'fd00::5'])])])],
  [2, entry('info', JSON.stringify(info))],
);
const containers = message([1, message([1, 'c1'], [2, 'sandbox-1'], [4, message([1, 'sha256:1'], [18, 'shop:3'])])]);
const answers = {
  [call('ListPodSandbox')]: pods,
  [call('PodSandboxStatus')]: status,
  [call('ListContainers')]: containers,
};

test('a pod is known by its name, its images, and what its labels say it is a part of, by each of its addresses', async () => {
  const shop = { name: 'shop-7f9c', image: 'shop:3', group: 'prod/shop', addresses: ['10.244.0.5', 'fd00::5'] };
  const names = await observeContainerNames(scriptedSystem({ sockets: answers, env }), []);
  expect([...names]).toEqual([
    ['10.244.0.5', shop],
    ['fd00::5', shop],
  ]);
});

test('its namespace and the settings that were chosen for it are what the runtime was told', async () => {
  const runtime = podRuntime(scriptedSystem({ sockets: answers, env }), SOCKET);
  const [pod] = await runtime.pods();
  expect(pod && (await runtime.sandbox(pod))).toEqual({
    container: 'prod/shop-7f9c',
    path: '/run/netns/cni-1',
    joins: undefined,
    chosen: { 'net.ipv4.ip_local_port_range': '20000 30000', 'net.core.somaxconn': '99' },
  });
});

test('a runtime that is older than v1 is asked in its own words', async () => {
  const old = Object.fromEntries(
    Object.entries(answers).map(([key, value]) => [key.replace('.v1.', '.v1alpha2.'), value]),
  );
  const system = scriptedSystem({ sockets: old, env });
  expect([...(await observeContainerNames(system, [])).keys()]).toEqual(['10.244.0.5', 'fd00::5']);
});

test('a runtime is asked where there are pods, so that the containerd of a Docker is not', async () => {
  expect(await podSockets(scriptedSystem({}))).toEqual([]);
  const files = { '/run/containerd/io.containerd.runtime.v2.task/k8s.io/sandbox-1': '' };
  expect(await podSockets(scriptedSystem({ files }))).toEqual(['/run/containerd/containerd.sock']);
});

test('requests are the bytes that the interface says', () => {
  expect([...podListRequest()]).toEqual([0x0a, 0x02, 0x12, 0x00]);
  expect([...podStatusRequest('ab', true)]).toEqual([0x0a, 0x02, 0x61, 0x62, 0x10, 0x01]);
});

test('whatever a runtime answers, nothing fails', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(...Object.keys(answers)),
      async (bytes, which) => {
        const system = scriptedSystem({ sockets: { ...answers, [which]: bytes }, env });
        expect(await observeContainerNames(system, [])).toBeInstanceOf(Map);
      },
    ),
  );
});
