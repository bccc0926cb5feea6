import type { Followed, System } from '../../system/system.ts';
import { type Gift, SETTING_NAMES, type SettingName } from './gift.ts';

/**
 * A small shell that stays, and enters a namespace for each line that it is given: starting a process from it takes a
 * fraction of what it takes from here. It is a constant; everything that varies comes as data, one field after another,
 * separated by the unit separator, which no path or number holds. Settings are read by cat(1): the shell's own read asks for
 * one byte at a time, and the kernel answers the first question only (proc_dointvec in sysctl.c).
 *
 * The host's own namespace is never written to, under whatever name it is found.
 *
 * A line: id, path, range, reserved, timestamps, and the ranges, reserved ports and timestamps that may be replaced, each in
 * colons. The answer: id, then for each setting a verdict and the value that the namespace has now, all between bars; or
 * `host`, or `gone` (no namespace came to be under that name within the time).
 */
const ENTER = `
unit=$(printf '\\037')
inside='
  [ /proc/self/ns/net -ef "$7" ] && { echo host; exit; }
  cd /proc/sys/net/ipv4 || exit 1
  end="
"
  all=$(cat ip_local_port_range ip_local_reserved_ports tcp_timestamps)
  now=\${all%%"$end"*} rest=\${all#*"$end"}
  held=\${rest%%"$end"*} clock=\${rest#*"$end"}
  answer=
  give() {
    verdict=kept value=$2
    case "$4" in *":$2:"*)
      verdict=given value=$3
      [ "$2" = "$3" ] || printf "%s\\n" "$3" > "$1" || { verdict=refused value=$2; } ;;
    esac
    answer="$answer|$verdict|$value"
  }
  give ip_local_port_range "$now" "$1" "$4"
  give ip_local_reserved_ports "$held" "$2" "$5"
  give tcp_timestamps "$clock" "$3" "$6"
  printf "%s\\n" "\${answer#?}"
'
while IFS="$unit" read -r id path range reserved stamps old_range old_reserved old_stamps; do
  (
    tries=0
    until answer=$(nsenter --net="$path" sh -c "$inside" sh "$range" "$reserved" "$stamps" "$old_range" "$old_reserved" "$old_stamps" "/proc/$$/ns/net" 2>/dev/null); do
      tries=$((tries + 1))
      [ -e "$path" ] && [ $tries -lt 300 ] || { answer=gone; break; }
      [ $tries -lt 4 ] || sleep 0.002
    done
    printf '%s|%s\\n' "$id" "$answer"
  ) &
done
wait
`;

const UNIT = '\u001f';

/** `kept`: the value may not be replaced; `refused`: the kernel did not take ours. */
export type Verdict = 'given' | 'kept' | 'refused';

/** What became of each setting, with the value that the namespace has now, as the kernel writes it. */
export type Given = Readonly<Record<SettingName, { readonly verdict: Verdict; readonly value: string }>>;

/** Enters namespaces and gives each its settings. A namespace that can't be entered yet is tried again for about a second. */
export interface Entrance {
  /** `host`: it is the host's own; `gone`: no namespace is there. */
  give(path: string, gift: Gift): Promise<Given | 'host' | 'gone'>;
  stop(): Promise<void>;
}

export function openEntrance(system: System): Entrance {
  const waiting = new Map<string, (given: Given | 'host' | 'gone') => void>();
  let count = 0;
  let shell: Followed | undefined;
  /** Somebody may end the shell (the kernel, short of memory): whoever waits is told, and the next one gets another. */
  const start = (): Followed => {
    const started = system.follow(['sh', '-c', ENTER], (line) => {
      const [id = '', ...words] = line.split('|');
      waiting.get(id)?.(readGiven(words));
      waiting.delete(id);
    });
    void started.ended.then(() => {
      if (shell === started) shell = undefined;
      for (const settle of waiting.values()) settle('gone');
      waiting.clear();
    });
    return started;
  };
  shell = start();
  const colons = (values: readonly string[]): string => `:${values.join(':')}:`;
  return {
    give: (path, gift) =>
      new Promise((resolve) => {
        count += 1;
        const id = String(count);
        waiting.set(id, resolve);
        const values = SETTING_NAMES.map((name) => gift[name]);
        const old = SETTING_NAMES.map((name) => colons(gift.replaceable[name]));
        shell ??= start();
        shell.write([id, path, ...values, ...old].join(UNIT));
      }),
    stop: async () => {
      await shell?.stop();
    },
  };
}

function readGiven(words: readonly string[]): Given | 'host' | 'gone' {
  if (words.length < 2 * SETTING_NAMES.length) return words[0] === 'host' ? 'host' : 'gone';
  const at = (i: number): Given[SettingName] => {
    const verdict = words[i];
    return { verdict: verdict === 'given' || verdict === 'refused' ? verdict : 'kept', value: words[i + 1] ?? '' };
  };
  return { range: at(0), reserved: at(2), timestamps: at(4) };
}
