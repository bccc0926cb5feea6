import { PortfenceError } from '../../errors.ts';
import { POLICY_FILE } from '../paths.ts';
import { getCommand } from './packages.ts';

/** The single executable, for an instance that is to have the agent and all commands as well. */
export interface ExecutableWish {
  readonly url: string;
  /** Of the file, in hex, as SHA256SUMS has it. */
  readonly sha256: string;
}

const PROGRAM = '/usr/local/bin/portfence';
/** All that an address may be made of but the quote, which would end the word of a shell. */
const ADDRESS = /^https?:\/\/[\w.~:/?#[\]@!$&()*+,;=%-]+$/;

/** Throws USAGE for what is no address, or no SHA-256. */
export function executableWish(url: string, sha256: string): ExecutableWish {
  if (!ADDRESS.test(url) || !URL.canParse(url))
    throw new PortfenceError('USAGE', 'the address after --from is none', {
      hint: 'write one like https://example.com/portfence-linux-x64',
    });
  if (!/^[0-9a-f]{64}$/i.test(sha256))
    throw new PortfenceError('USAGE', 'the sum after --sha256 is no SHA-256', {
      hint: 'copy the 64 hexadecimal digits from SHA256SUMS, or from `sha256sum portfence-linux-x64`',
    });
  return { url, sha256: sha256.toLowerCase() };
}

/** Fetches, checks and installs it, behind the fence that stands by then; where any of that fails the fence stays as it is. */
export function executableSteps({ url, sha256 }: ExecutableWish): readonly string[] {
  return [
    ...getCommand('conntrack', { deb: 'conntrack', rpm: 'conntrack-tools' }),
    `mkdir -p ${PROGRAM.slice(0, PROGRAM.lastIndexOf('/'))}`,
    `new=${PROGRAM}.new`,
    'fetch() {',
    `  if command -v curl >/dev/null; then curl -fsSL --retry 5 -o "$new" '${url}'`,
    `  elif command -v wget >/dev/null; then wget -q -t 5 -O "$new" '${url}'`,
    `  else python3 -c 'import sys, urllib.request as u; u.urlretrieve(sys.argv[1], sys.argv[2])' '${url}' "$new"`,
    '  fi',
    '}',
    `if ! fetch || ! echo "${sha256}  $new" | sha256sum -c --status; then`,
    '  rm -f "$new"',
    "  echo 'portfence: the executable did not come, or is not the one that was named; the fence stands without it' >&2",
    '  exit 1',
    'fi',
    `chmod 755 "$new" && mv "$new" ${PROGRAM}`,
    `${PROGRAM} install systemd # as ${POLICY_FILE} says`,
  ];
}
