#!/bin/sh
# The network behind the machine: a router with a stateless ACL and a server, in a namespace of its own. Run at every boot.
set -e
acl() { nsenter --net=/run/netns/acl -- "$@"; }
# A kernel that was booted with ipv6.disable=1 has neither this file nor addresses.
six() { [ ! -e /proc/net/if_inet6 ] || "$@"; }
ip netns add acl
ip link add wan0 type veth peer name acl0 netns acl
ip address add 10.0.1.10/24 dev wan0
six ip address add fd00:1::10/64 dev wan0 nodad
ip link set wan0 up
acl ip link set lo up
acl ip address add 203.0.113.10/32 dev lo
six acl ip address add 2001:db8:113::10/128 dev lo nodad
acl ip address add 10.0.1.1/24 dev acl0
six acl ip address add fd00:1::1/64 dev acl0 nodad
acl ip link set acl0 up
ip route add default via 10.0.1.1
six ip -6 route add default via fd00:1::1
acl nft -f /opt/acl/acl.nft
acl perl /opt/acl/server.pl 203.0.113.10 $(six echo 2001:db8:113::10) </dev/null >/var/log/acl.log 2>&1 &
