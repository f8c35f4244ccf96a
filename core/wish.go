package core

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Wish is what the person behind an identity wants of one channel: an SMS "STOP" is about that pair of numbers, a stop of marketing about that account.
// (Channel, Identity, Marketing) is unique; the newest word counts. What a contact wants of nobody at all is in Contact.
type Wish struct {
	Channel   ChannelID
	Identity  IdentityID
	Contact   ContactID // whose the identity is now; the store fills it
	Marketing bool      // about marketing only; else about everything
	Stop      bool
	Block     bool   // they have blocked the channel's account there, rather than asked for silence: whatever they write later ends it
	Confirm   string // what to answer, once; empty: nothing
	At        time.Time
}

// Confirmation returns the job that answers a wish.
func (w Wish) Confirmation(ws WorkspaceID) Job {
	return Job{Kind: JobConfirm, Workspace: ws, Key: strings.Join([]string{string(w.Channel), string(w.Identity), strconv.FormatBool(w.Marketing)}, "/")}
}

// Confirmed returns channel, identity and kind of the wish that a Confirmation is about.
func (j Job) Confirmed() (ch ChannelID, id IdentityID, marketing bool) {
	channel, rest, _ := strings.Cut(j.Key, "/")
	identity, kind, _ := strings.Cut(rest, "/")
	return ChannelID(channel), IdentityID(identity), kind == "true"
}

// Silence is what a contact does not want at an address.
type Silence struct {
	All       bool // nothing at all
	Marketing bool // no marketing
	Blocked   bool // nothing can reach them: they have blocked the account
}

// SilenceAt gathers the wishes that hold for an address, given all identities of its contact. Another number of the same person made its wishes for
// itself; an id of another scheme, or another way of writing the number, may be the very same account, and so may the number that the address replaced.
// Wrote is when the contact last wrote on the channel: nobody writes to whom they block.
func SilenceAt(address Identity, all []Identity, wishes []Wish, wrote time.Time) Silence {
	var s Silence
	for _, w := range wishes {
		i := slices.IndexFunc(all, func(i Identity) bool { return i.ID == w.Identity })
		if !w.Stop || i < 0 || !sameAccount(address, all[i]) {
			continue
		}
		if w.Block {
			s.Blocked = s.Blocked || !wrote.After(w.At)
			continue
		}
		s.All = s.All || !w.Marketing
		s.Marketing = s.Marketing || w.Marketing
	}
	return s
}

func sameAccount(address, other Identity) bool {
	return address.ID == other.ID || address.Source == SourceChanged || address.Key.Scheme != other.Key.Scheme ||
		address.Key.Scheme == SchemePhone && slices.Contains(PhoneVariants(address.Key.Value), other.Key.Value)
}
