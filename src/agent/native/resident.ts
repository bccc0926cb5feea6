import type { System } from '../../system/system.ts';

/**
 * A small shell that stays, and enters a namespace for each line that it is given: starting a process from it takes a
 * fraction of what it takes from here. It is a constant; everything that varies comes as data, one field after another,
 * separated by the unit separator, which no path or number holds. Settings are read by cat(1): the shell's own read asks for
 * one byte at a time, and the kernel answers the first question only (proc_dointvec in sysctl.c).
 *
 * The host's own namespace is never written to, under whatever name it is found.
 *
 * A line: id, path, range, reserved, timestamps, and the ranges, reserved ports and timestamps that may be replaced, each in
 * colons. The answer: id, outcome, the range that the namespace has now. Outcomes: `set`, `kept` (somebody's choice),
 * `gone` (no namespace came to be under that name within the time).
 */
const ENTER = `
unit=$(printf '\\037')
inside='
  [ /proc/self/ns/net -ef "$7" ] && { echo "kept the-host"; exit; }
  cd /proc/sys/net/ipv4 || exit 1
  end="
"
  all=$(cat ip_local_port_range ip_local_reserved_ports tcp_timestamps)
  now=\${all%%"$end"*} rest=\${all#*"$end"}
  held=\${rest%%"$end"*} clock=\${rest#*"$end"}
  outcome=kept
  case "$4" in *":$now:"*) printf "%s\\n" "$1" > ip_local_port_range && outcome=set now=$1 ;; esac
  case "$5" in *":$held:"*) [ "$held" = "$2" ] || printf "%s\\n" "$2" > ip_local_reserved_ports ;; esac
  case "$6" in *":$clock:"*) [ -z "$3" ] || [ "$clock" = "$3" ] || printf "%s\\n" "$3" > tcp_timestamps ;; esac
  printf "%s %s\\n" "$outcome" "$now"
'
while IFS="$unit" read -r id path range reserved stamps old_range old_reserved old_stamps; do
  (
    tries=0
    until answer=$(nsenter --net="$path" sh -c "$inside" sh "$range" "$reserved" "$stamps" "$old_range" "$old_reserved" "$old_stamps" "/proc/$$/ns/net" 2>/dev/null); do
      tries=$((tries + 1))
      [ -e "$path" ] && [ $tries -lt 300 ] || { answer='gone -'; break; }
      [ $tries -lt 4 ] || sleep 0.002
    done
    printf '%s %s\\n' "$id" "$answer"
  ) &
done
wait
`;

const UNIT = '\u001f';

/** What a namespace is to have, and which present values may be replaced: the kernel's defaults and our own. */
export interface Gift {
  readonly range: string;
  readonly reserved: string;
  /** Empty: left as it is. */
  readonly timestamps: string;
  readonly replaceable: {
    readonly ranges: readonly string[];
    readonly reserved: readonly string[];
    readonly timestamps: readonly string[];
  };
}

export interface Given {
  readonly outcome: 'set' | 'kept' | 'gone';
  /** The range that the namespace has now, as the kernel writes it. */
  readonly range: string;
}

/** Enters namespaces and gives each its settings. A namespace that can't be entered yet is tried again for about a second. */
export interface Entrance {
  give(path: string, gift: Gift): Promise<Given>;
  stop(): Promise<void>;
}

export function openEntrance(system: System): Entrance {
  const waiting = new Map<string, (given: Given) => void>();
  let count = 0;
  const shell = system.follow(['sh', '-c', ENTER], (line) => {
    const [id = '', outcome, ...range] = line.split(' ');
    waiting.get(id)?.({ outcome: outcome === 'set' || outcome === 'kept' ? outcome : 'gone', range: range.join(' ') });
    waiting.delete(id);
  });
  void shell.ended.then(() => {
    for (const settle of waiting.values()) settle({ outcome: 'gone', range: '' });
    waiting.clear();
  });
  const colons = (values: readonly string[]): string => `:${values.join(':')}:`;
  return {
    give: (path, { range, reserved, timestamps, replaceable }) =>
      new Promise((resolve) => {
        count += 1;
        const id = String(count);
        waiting.set(id, resolve);
        const old = [replaceable.ranges, replaceable.reserved, replaceable.timestamps].map(colons);
        shell.write([id, path, range, reserved, timestamps, ...old].join(UNIT));
      }),
    stop: shell.stop,
  };
}
