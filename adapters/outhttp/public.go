package outhttp

import "net/netip"

// reserved are the networks that are not part of the public internet, beyond those that netip knows by name: IANA's special-purpose registries.
var reserved = [...]string{
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
}

// public reports whether an address is on the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if v4, ok := embedded(a); ok {
		return public(v4)
	}
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false // loopback, link-local, multicast, unspecified and broadcast are no global unicast
	}
	for _, r := range reserved {
		if netip.MustParsePrefix(r).Contains(a) {
			return false
		}
	}
	return true
}

// embedded returns the IPv4 address to which a NAT64 gateway (RFC 6052) translates the IPv6 address. On networks without IPv4 providers are
// reached in this way, so that it is the inner address that counts.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() || !netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
		return netip.Addr{}, false
	}
	b := a.As16()
	return netip.AddrFrom4([4]byte(b[12:])), true
}
