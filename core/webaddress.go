package core

import (
	"net/netip"
	"net/url"
)

// WebAddress reports whether a text is an address on the web that anybody may be given: it names a host, and no user.
func WebAddress(text string) bool { return webAddress(text) != nil }

// WebBase reports whether a text is the address of a place on the web that paths can be put behind.
func WebBase(text string) bool {
	u := webAddress(text)
	return u != nil && u.RawQuery == "" && u.Fragment == ""
}

func webAddress(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil
	}
	return u
}

// HostOf names an address without what may be secret in it.
func HostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "an unknown host"
	}
	return u.Host
}

// Loopback reports whether a host is this machine by its very name, so that what is said to it does not leave the machine.
func Loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
