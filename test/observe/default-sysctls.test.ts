import { expect, test } from 'vitest';
import { ENGINES, engineSysctls } from '../../src/install/engine-sysctls.ts';
import { observeEngineDefaults } from '../../src/observe/default-sysctls.ts';
import { nativeGivers, nativeText } from '../../src/report/containers.ts';
import { samplePolicy } from '../support/samples.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const survey = { policy: samplePolicy };
const RANGE = 'net.ipv4.ip_local_port_range';

/** Where each engine reads what `native --print` prints, and as which text. */
const PLACES: Readonly<Record<string, readonly [file: string, text: (printed: string) => string]>> = {
  kubelet: ['/var/lib/kubelet/config.yaml', (printed) => printed],
  crio: ['/etc/crio/crio.conf.d/50-portfence.conf', (printed) => printed],
  podman: ['/etc/containers/containers.conf.d/50-portfence.conf', (printed) => printed],
  cni: ['/etc/cni/net.d/10-pods.conflist', (printed) => `{"name":"pods","plugins":[{"type":"bridge"},${printed}]}`],
};

test.each(ENGINES.filter((engine) => engine !== 'docker'))(
  'what %s is told to give is found where it reads it',
  async (engine) => {
    const [file, text] = PLACES[engine] ?? ['', () => ''];
    const printed = engineSysctls(samplePolicy, engine)?.text ?? '';
    const defaults = await observeEngineDefaults(scriptedSystem({ files: { [file]: text(printed) } }));
    expect(defaults).toMatchObject([{ engine, file, sysctls: { [RANGE]: '49152 61000' } }]);
    const givers = nativeGivers(survey, { agent: undefined, rootless: [], defaults });
    expect(givers).toMatchObject({ agent: false, engines: [{ engine, asPolicy: true }] });
    expect(nativeText(givers)).toBe(`given by ${engine} itself (${file})`);
  },
);

test('the last file of an engine counts, and another range than the policy’s is named', async () => {
  const files = {
    '/etc/containers/containers.conf': `[containers]\ndefault_sysctls = ["${RANGE}=1 2"]\n`,
    '/etc/containers/containers.conf.d/9.conf': `[containers]\ndefault_sysctls = ["${RANGE}=20000\t30000"]\n`,
    '/etc/crio/crio.conf': '[crio.runtime\nnonsense',
  };
  const defaults = await observeEngineDefaults(scriptedSystem({ files }));
  const text = nativeText(nativeGivers(survey, { agent: undefined, rootless: [], defaults }));
  expect(text).toBe('given by podman itself, but 20000 30000 (/etc/containers/containers.conf.d/9.conf)');
});

test('nobody gives it where no agent runs and no engine is told', async () => {
  const defaults = await observeEngineDefaults(scriptedSystem({}));
  const none = { agent: undefined, rootless: [], defaults };
  expect(nativeText(nativeGivers(survey, none))).toContain('nobody gives containers the range');
  const off = { policy: { ...samplePolicy, containers: { ...samplePolicy.containers, native: false } } };
  expect(nativeText(nativeGivers(off, none))).toBe('the policy leaves containers to the kernel');
});
