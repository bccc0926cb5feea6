import { describe, expect, it } from 'vitest';
import { observeSysctls } from '../../src/observe/sysctls.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const net = (settings: Readonly<Record<string, string>>) =>
  scriptedSystem({
    files: Object.fromEntries(Object.entries(settings).map(([key, value]) => [`/proc/sys/net/${key}`, value])),
  });

describe('observeSysctls', () => {
  it('reads what the kernel writes', async () => {
    const system = net({
      'ipv4/ip_local_port_range': '32768\t60999\n',
      'ipv4/ip_local_reserved_ports': '8080,30000-32767\n',
      'ipv4/ip_unprivileged_port_start': '0\n',
      'ipv4/ip_forward': '1\n',
      'ipv6/conf/all/forwarding': '0\n',
      'ipv4/tcp_timestamps': '2\n',
    });
    expect(await observeSysctls(system)).toEqual({
      localPortRange: { from: 32768, to: 60999 },
      reservedPorts: [
        { from: 8080, to: 8080 },
        { from: 30000, to: 32767 },
      ],
      unprivilegedPortStart: 0,
      ipForward: { ipv4: true, ipv6: false },
      tcpTimestamps: 2,
    });
  });

  it('gives settings that this kernel lacks their defaults', async () => {
    expect(await observeSysctls(net({ 'ipv4/ip_local_port_range': '32768 60999' }))).toMatchObject({
      reservedPorts: [],
      unprivilegedPortStart: 1024,
      ipForward: { ipv4: false, ipv6: false },
      tcpTimestamps: 1,
    });
  });

  it('says what it could not read', async () => {
    await expect(observeSysctls(net({}))).rejects.toThrow(/ip_local_port_range reads ''/);
    await expect(observeSysctls(net({ 'ipv4/ip_local_port_range': '9 1' }))).rejects.toMatchObject({ code: 'SYSTEM' });
    const odd = net({ 'ipv4/ip_local_port_range': '1 2', 'ipv4/ip_local_reserved_ports': '7-x' });
    await expect(observeSysctls(odd)).rejects.toMatchObject({ code: 'SYSTEM' });
  });
});
