# client.pl ADDRESS tcp|udp FIRST COUNT: opens COUNT connections at once from the ports FIRST and up (0: the kernel chooses),
# and prints how many were answered within 3 seconds.
use strict; use warnings; use Socket qw(:all); use Fcntl; use Errno;
my ($address, $protocol, $first, $count) = @ARGV;
my $family = $address =~ /:/ ? AF_INET6 : AF_INET;
my $name = sub { my ($host, $port) = @_; my $raw = inet_pton($family, $host); $family == AF_INET6 ? pack_sockaddr_in6($port, $raw) : pack_sockaddr_in($port, $raw) };
my $stream = $protocol eq 'tcp';
my (%waiting, $answered);
$answered = 0;
for my $i (0 .. $count - 1) {
    socket(my $socket, $family, $stream ? SOCK_STREAM : SOCK_DGRAM, 0) or die "socket: $!";
    setsockopt($socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) if $family == AF_INET6;
    if ($first) { bind($socket, $name->($family == AF_INET6 ? '::' : '0.0.0.0', $first + $i)) or next }
    fcntl($socket, F_SETFL, O_NONBLOCK);
    connect($socket, $name->($address, $stream ? 80 : 53)) or $!{EINPROGRESS} or next;
    send($socket, "portfence\n", 0) unless $stream;
    $waiting{fileno $socket} = $socket;
}
my $end = time + 4;
while (%waiting && time < $end) {
    my ($read, $write) = ('', '');
    if ($stream) { vec($write, $_, 1) = 1 for keys %waiting } else { vec($read, $_, 1) = 1 for keys %waiting }
    next unless select($read, $write, undef, 0.5) > 0;
    for (grep { vec($stream ? $write : $read, $_, 1) } keys %waiting) {
        my $socket = delete $waiting{$_};
        my $error = unpack 'i', getsockopt($socket, SOL_SOCKET, SO_ERROR);
        $answered++ if !$error && ($stream || defined recv($socket, my $data, 2048, 0));
    }
}
print "$answered\n";
