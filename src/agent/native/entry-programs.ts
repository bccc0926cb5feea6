/*
 * Programs that stay, and enter a network namespace for each line that they are given. They are constants; all that varies
 * comes as data, one field after another, separated by the unit separator, which no path or number holds. The host's own
 * namespace is never written to, under whatever name it is found. PORTFENCE_PROC_SYS names the folder in which settings are
 * written where /proc/sys is read-only, as in a container (see `Files.writeKernel`).
 *
 * A line: id, path, range, reserved, timestamps, and the ranges, reserved ports and timestamps that may be replaced, each in
 * colons. The answer: id, then for each setting a verdict and the value that the namespace has now, all between bars; or
 * `host`, or `gone` (no namespace came to be under that name within a second or two).
 */

/**
 * One process for all namespaces: it calls setns(2) itself, by the number that the call has on the architecture that this
 * perl was built for. With an argument it only says, by its exit code, whether it can do so here. It returns to its own
 * namespace after each round: a namespace lives as long as a process is in it.
 */
export const PERL_ENTRY = String.raw`
use strict;
use Config;
my %numbers = (x86_64 => 308, i386 => 346, aarch64 => 268, riscv64 => 268, arm => 375, powerpc64le => 350, s390x => 339);
my ($arch) = $Config{archname} =~ /^([^-]+)/;
$arch = 'i386' if $arch =~ /^i[3-6]86$/;
my $setns = $numbers{$arch} or exit 1;
my $NEWNET = 0x40000000;
my $NONBLOCK = 2048;
my $FOLDER = ($ENV{PORTFENCE_PROC_SYS} // '/proc/sys') . '/net/ipv4';
my @NAMES = qw(ip_local_port_range ip_local_reserved_ports tcp_timestamps);

sub enter { syscall($setns, fileno($_[0]), $NEWNET) == 0 }

sub present {
  open(my $file, '<', "$FOLDER/$_[0]") or return undef;
  my $value = <$file>;
  chomp $value if defined $value;
  return $value;
}

sub put {
  open(my $file, '>', "$FOLDER/$_[0]") or return 0;
  print $file "$_[1]\n";
  return close $file;
}

open(my $home, '<', '/proc/self/ns/net') or exit 1;
my @home = stat $home;
enter($home) or exit 1;
exit 0 if @ARGV;

sub give {
  my ($path, @fields) = @_;
  sysopen(my $namespace, $path, $NONBLOCK) or return undef;
  my @found = stat $namespace;
  return 'host' if $found[0] == $home[0] && $found[1] == $home[1];
  enter($namespace) or return undef;
  my @answer;
  for my $i (0 .. 2) {
    my $now = present($NAMES[$i]);
    return undef unless defined $now;
    my ($verdict, $value) = ('kept', $now);
    if (index($fields[$i + 3], ":$now:") >= 0) {
      ($verdict, $value) = ('given', $fields[$i]);
      ($verdict, $value) = ('refused', $now) unless $now eq $value || put($NAMES[$i], $value);
    }
    push @answer, $verdict, $value;
  }
  return join '|', @answer;
}

sub answered {
  my ($since, $id, $path, @fields) = @{$_[0]};
  my $answer = give($path, @fields);
  $answer = 'gone' if !defined $answer && (!-e $path || time - $since > 1);
  syswrite(STDOUT, "$id|$answer\n") if defined $answer;
  return defined $answer;
}

my $input = '';
my @waiting;
for (;;) {
  my $ready = '';
  vec($ready, 0, 1) = 1;
  if (select($ready, undef, undef, @waiting ? 0.002 : undef) > 0) {
    sysread(STDIN, $input, 65536, length $input) or last;
    push @waiting, [time, split(/\x1f/, $1, -1)] while $input =~ s/^([^\n]*)\n//;
  }
  @waiting = grep { !answered($_) } @waiting;
  enter($home);
}
`;

/**
 * Where there is no perl: a shell that starts processes for each namespace, which costs a fraction of starting them from here.
 * Settings are read by cat(1): the shell's own read asks for one byte at a time, and the kernel answers the first question
 * only (proc_dointvec in sysctl.c).
 */
export const SHELL_ENTRY = `
unit=$(printf '\\037')
inside='
  [ /proc/self/ns/net -ef "$7" ] && { echo host; exit; }
  cd "\${PORTFENCE_PROC_SYS:-/proc/sys}/net/ipv4" || exit 1
  end="
"
  all=$(cat ip_local_port_range ip_local_reserved_ports tcp_timestamps)
  now=\${all%%"$end"*} rest=\${all#*"$end"}
  reserved=\${rest%%"$end"*} clock=\${rest#*"$end"}
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
  give ip_local_reserved_ports "$reserved" "$2" "$5"
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
