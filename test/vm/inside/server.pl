# Answers every TCP connection like a web server, and every datagram with itself, on all given addresses. One process.
use strict; use warnings; use Socket qw(:all);
my (%tcp, %udp, %open);
$SIG{PIPE} = 'IGNORE';
for my $address (@ARGV) {
    my $family = $address =~ /:/ ? AF_INET6 : AF_INET;
    my $name = sub { my $port = shift; my $raw = inet_pton($family, $address); $family == AF_INET6 ? pack_sockaddr_in6($port, $raw) : pack_sockaddr_in($port, $raw) };
    socket(my $stream, $family, SOCK_STREAM, 0) or die "socket: $!";
    setsockopt($stream, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($stream, $name->(80)) or die "$address 80: $!";
    listen($stream, 512) or die "listen: $!";
    $tcp{fileno $stream} = $stream;
    socket(my $datagrams, $family, SOCK_DGRAM, 0) or die "socket: $!";
    bind($datagrams, $name->(53)) or die "$address 53: $!";
    $udp{fileno $datagrams} = $datagrams;
}
while (1) {
    my $bits = '';
    vec($bits, $_, 1) = 1 for keys %tcp, keys %udp, keys %open;
    next unless select($bits, undef, undef, undef) > 0;
    for (grep { vec($bits, $_, 1) } keys %udp) {
        my $from = recv($udp{$_}, my $data, 2048, 0);
        send($udp{$_}, $data, 0, $from) if defined $from;
    }
    for (grep { vec($bits, $_, 1) } keys %tcp) {
        accept(my $peer, $tcp{$_}) or next;
        $open{fileno $peer} = $peer;
    }
    for (grep { $open{$_} && vec($bits, $_, 1) } keys %open) {
        my $got = sysread($open{$_}, my $data, 4096);
        syswrite($open{$_}, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n") if $got;
        close delete $open{$_};
    }
}
