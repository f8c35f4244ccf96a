package core

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Probe is the test message that a channel sends to a contact of the business's own, to prove that it works from end to end. What that contact
// writes is kept, but no customer's: it opens no conversation, starts nothing and is mailed to nobody.
type Probe struct {
	To       string        // the contact, as the provider knows it; a phone number may have a "+", spaces and the like
	Each     time.Duration // from one message to the next
	Template string        // sent instead of a text, so that no reply window is needed; empty: a text
	Language string        // of the template
}

// The settings of a channel that are its probe's, and no bridge's.
const (
	probeTo       = "probe_to"
	probeEach     = "probe_each"
	probeTemplate = "probe_template"
	probeLanguage = "probe_language"
)

// Probe returns the channel's, if it has one.
func (c Channel) Probe() (p Probe, ok bool) {
	p = Probe{To: c.Settings[probeTo], Template: c.Settings[probeTemplate], Language: c.Settings[probeLanguage]}
	each, err := time.ParseDuration(c.Settings[probeEach])
	if p.To == "" || err != nil || each <= 0 {
		return Probe{}, false
	}
	p.Each = each
	return p, true
}

// Put adds the probe to a channel's settings.
func (p Probe) Put(settings map[string]string) {
	maps.Copy(settings, map[string]string{probeTo: p.To, probeEach: p.Each.String()})
	if p.Template != "" {
		maps.Copy(settings, map[string]string{probeTemplate: p.Template, probeLanguage: p.Language})
	}
}

// Value is the contact's, as identities of a scheme write it.
func (p Probe) Value(s Scheme) string {
	switch s {
	case SchemePhone:
		return Digits(p.To)
	case SchemeEmail:
		return strings.ToLower(p.To)
	default:
		return p.To
	}
}

// Is reports whether a peer is the contact.
func (p Probe) Is(who Peer) bool {
	return slices.ContainsFunc(who.Identities, func(k IdentityKey) bool {
		value := p.Value(k.Scheme)
		return k.Scheme.Addressing() && (k.Value == value || k.Scheme == SchemePhone && slices.Contains(PhoneVariants(k.Value), value))
	})
}
