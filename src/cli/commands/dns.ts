import { InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../../errors.ts';
import type { AddCommand, CommonFlags } from '../context.ts';

interface Options extends CommonFlags {
  readonly print?: boolean;
  readonly dryRun?: boolean;
  readonly restart?: boolean;
  readonly remove?: boolean;
  readonly ipv6?: boolean;
  readonly daemonJson: string;
  readonly metadataEndpoint?: string;
}

const HELP = `
The resolver is the VPC's primary IPv4 block + 2, read from EC2 metadata (IMDSv2 alone).
Needed only where containers would get a public resolver or none: where the host's resolv.conf names loopback addresses alone, or leaves the
VPC's resolver out. Docker gives containers the host's resolvers else, and no network ACL filters Amazon's DNS.
With the key, Docker asks from the container's own network namespace, so through NAT; without it, on user-defined networks, from the host's. Behind
the fence both leave with allowed ports. A restart of Docker stops containers, unless live-restore is on.`;

/** `portfence dns`: merges the VPC's resolver into Docker's daemon.json. */
export const dnsCommand: AddCommand = (program, { system, say }, respond) => {
  program
    .command('dns')
    .description("merge the VPC's resolver into Docker's daemon.json; every other key stays as it is")
    .addOption(
      new Option('--print', 'print the address alone; change nothing').conflicts(['dryRun', 'restart', 'remove']),
    )
    .option('--ipv6', "the resolver's IPv6 address (fd00:ec2::253) as well")
    .option('--dry-run', 'print how the file would differ; change nothing')
    .option('--restart', 'restart Docker where it has not read the file yet')
    .addOption(new Option('--remove', 'put back what was there before').conflicts('ipv6'))
    .option('--daemon-json <file>', "Docker's configuration file", absolute, '/etc/docker/daemon.json')
    .option('--metadata-endpoint <url>', 'another metadata service than 169.254.169.254 and [fd00:ec2::254]')
    .option('--json', 'one JSON document')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { print, dryRun = false, restart = false, ipv6 = false, json = false } = options;
      const [{ mergeDns, removeDns }, { vpcResolvers }, { dnsText }] = await Promise.all([
        import('../../cloud/daemon-json/change.ts'),
        import('../../cloud/resolver.ts'),
        import('../../report/dns.ts'),
      ]);
      const resolvers = () => vpcResolvers(system, { endpoint: options.metadataEndpoint, ipv6 });
      if (print) {
        const servers = await resolvers();
        respond({ exit: EXIT.fine, json: { servers }, text: servers }, json);
        return;
      }
      const how = { file: options.daemonJson, dryRun, restart };
      const change = options.remove ? await removeDns(system, how) : await mergeDns(system, await resolvers(), how);
      for (const note of change.notes) say(`note: ${note}`);
      respond({ exit: EXIT.fine, ...dnsText(change, { dryRun }) }, json);
    });
};

function absolute(path: string): string {
  if (!path.startsWith('/')) throw new InvalidArgumentError('write an absolute path.');
  return path;
}
