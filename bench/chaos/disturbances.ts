import { IMAGE } from '../../src/lab/image.ts';
import { ipBatch } from '../../src/lab/topology.ts';
import { FOREIGN_NAT } from './foreign-nat.ts';
import { disturbLink, during, openGap, restartDocker } from './harm.ts';
import type { Kind } from './schedule.ts';
import type { Ends, Tools } from './tools.ts';

/** Something that hosts go through. `run` does it and gives why it could not, where it could not. */
export interface Disturbance extends Kind {
  /** What is done, in words for a page. */
  readonly does: string;
  /** What the kernel itself ends by it, with any fence or none. */
  readonly ends: Ends;
  /** Gives why it could not be done, where it could not. */
  run(tools: Tools): Promise<string | undefined>;
}

/** Every kind of disturbance; a new one is one entry here. */
export const DISTURBANCES: readonly Disturbance[] = [
  {
    name: 'a network comes and goes',
    does: '`docker network create`, downloads in a container on it, `docker network rm`',
    ends: 'nothing',
    lasts: [100, 2000],
    run: async ({ setup: { engine }, step, pause, download }) => {
      const name = `chaos-${step.round}-${step.pick}`;
      const made = await engine.docker(['network', 'create', name]);
      if (made.code !== 0) return made.stderr.trim();
      await download(name);
      await pause(step.lasts);
      const gone = await engine.docker(['network', 'rm', name]);
      return gone.code === 0 ? undefined : gone.stderr.trim();
    },
  },
  {
    name: 'containers start',
    does: 'four `docker run` at once, on the default bridge',
    ends: 'nothing',
    run: async ({ setup: { engine } }) => {
      const runs = Array.from({ length: 4 }, () => engine.docker(['run', '--rm', IMAGE, 'true']));
      return (await Promise.all(runs)).find(({ code }) => code !== 0)?.stderr.trim();
    },
  },
  {
    name: 'dockerd restarted',
    does: 'dockerd stops and starts; containers live on (`live-restore`)',
    ends: 'nothing',
    run: async (tools) => {
      await restartDocker(tools);
      return undefined;
    },
  },
  {
    name: 'iptables -t nat -F',
    does: '`iptables` and `ip6tables -t nat -F`',
    ends: 'nothing',
    run: async ({ setup }) =>
      (await setup.onHost(['iptables', '-t', 'nat', '-F'])) ?? (await setup.onHost(['ip6tables', '-t', 'nat', '-F'])),
  },
  {
    name: 'nft flush ruleset',
    does: "`nft flush ruleset`; Docker's own rules come back with a restart of dockerd a little later",
    ends: 'translated',
    lasts: [500, 3000],
    run: async (tools) => {
      tools.shared.dockerRules = false;
      await openGap(tools, 'translated', ['nft', 'flush', 'ruleset']);
      await tools.pause(tools.step.lasts);
      await restartDocker(tools);
      return undefined;
    },
  },
  {
    name: 'the fence deleted',
    does: '`nft delete table inet portfence`',
    ends: 'nothing',
    run: async (tools) => {
      // Without Docker's nat chains ours are the last ones: taking them away is what a flush does.
      const ends = tools.shared.dockerRules ? 'nothing' : 'translated';
      await openGap(tools, ends, ['nft', 'delete', 'table', 'inet', 'portfence']);
      return undefined;
    },
  },
  {
    name: 'the agent killed',
    does: '`kill -9`; it is started again a little later',
    ends: 'nothing',
    lasts: [200, 3000],
    run: async ({ setup: { agent }, step, pause, alone }) => {
      await alone('agent', async () => {
        await agent.kill();
        await pause(step.lasts);
        await agent.start();
      });
      return undefined;
    },
  },
  {
    name: 'the uplink down and up',
    does: '`ip link set eth0 down`, then up, with its routes and addresses',
    ends: 'masqueraded',
    lasts: [100, 1500],
    run: async (tools) => {
      await disturbLink(tools, () =>
        during(tools, 'masqueraded', async () => {
          await ipBatch(tools.setup.testbed.host, ['link set eth0 down']);
          await tools.pause(tools.step.lasts);
          await tools.setup.configureUplink();
        }),
      );
      return undefined;
    },
  },
  {
    name: 'the cable out and in',
    does: "the uplink's other end goes down and up",
    ends: 'nothing',
    lasts: [100, 2000],
    run: async (tools) => {
      const { testbed } = tools.setup;
      await disturbLink(tools, async () => {
        await ipBatch(testbed.router, ['link set h0 down']);
        await tools.pause(tools.step.lasts);
        await ipBatch(testbed.router, ['link set h0 up', 'addr replace fd00:1::1/64 dev h0 nodad']);
      });
      return undefined;
    },
  },
  {
    name: 'the policy changed',
    does: 'the file gets another one, with other ports that the ACL lets in; every second time a SIGHUP as well',
    ends: 'nothing',
    run: async ({ setup: { agent }, step, usePolicy, alone }) => {
      await usePolicy(step.pick);
      if (step.pick % 2 === 0) await alone('agent', agent.hangUp);
      return undefined;
    },
  },
  {
    name: 'conntrack -F',
    does: '`conntrack -F`: the kernel forgets every connection',
    ends: 'translated',
    onlyWhenDropping: true,
    run: (tools) => during(tools, 'translated', () => tools.setup.onHost(['conntrack', '-F'])),
  },
  ...FOREIGN_NAT,
];
