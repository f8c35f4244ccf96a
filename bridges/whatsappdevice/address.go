package whatsappdevice

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"causeway/core"

	"go.mau.fi/whatsmeow/types"
)

const (
	whoUs      = "out"
	whoThem    = "in"
	longestID  = 128 // of a message; those of WhatsApp's programs have up to 32 characters
	ourPrefix  = "3EB0"
	ourDigits  = 18
	hashedSign = "sha256-"
)

// ref names a message: ids of messages are chosen by who sends them, so that only chat, sender and id together name one. Of a message in a private
// chat Sender is empty.
type ref struct {
	chat   types.JID
	sender types.JID // in a group, of a message that is not ours
	ours   bool      // sent by the business: by this device, the phone or another device of it
	id     types.MessageID
}

// String is the provider's id of the message, as the gateway keeps it.
func (r ref) String() string {
	who := whoThem
	switch {
	case r.ours:
		who = whoUs
	case r.chat.Server == types.GroupServer:
		who = r.sender.ToNonAD().String()
	}
	return r.chat.String() + "/" + who + "/" + r.id
}

// refOf reads what String wrote.
func refOf(s string) (ref, bool) {
	chat, rest, ok := strings.Cut(s, "/")
	who, id, more := strings.Cut(rest, "/")
	if !ok || !more || id == "" {
		return ref{}, false
	}
	r := ref{id: id, ours: who == whoUs}
	var err error
	if r.chat, err = types.ParseJID(chat); err != nil || r.chat.User == "" {
		return ref{}, false
	}
	if who != whoUs && who != whoThem {
		if r.sender, err = types.ParseJID(who); err != nil {
			return ref{}, false
		}
	}
	return r, true
}

// plainID is a message's id, or a digest of one that no program of WhatsApp would choose.
func plainID(id types.MessageID) types.MessageID {
	strange := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(id) <= longestID && strings.IndexFunc(id, strange) < 0 {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hashedSign + hex.EncodeToString(sum[:16])
}

// stanzaOf is the id that a part of ours has at WhatsApp, however often it is sent.
func stanzaOf(key core.PartID) types.MessageID {
	sum := sha256.Sum256([]byte("causeway whatsapp-device\x00" + string(key)))
	return ourPrefix + strings.ToUpper(hex.EncodeToString(sum[:ourDigits/2]))
}

// isOurs reports whether an id may be one that stanzaOf made.
func isOurs(id types.MessageID) bool {
	return len(id) == len(ourPrefix)+ourDigits && strings.HasPrefix(id, ourPrefix)
}

// user is an account without device, and without the mark of those that the Cloud API hosts.
func user(j types.JID) types.JID {
	j = j.ToNonAD()
	switch j.Server {
	case types.HostedServer, types.LegacyUserServer:
		j.Server = types.DefaultUserServer
	case types.HostedLIDServer:
		j.Server = types.HiddenUserServer
	}
	return j
}

// keyOf is an account, or a group, as an identity; false: it is neither.
func keyOf(j types.JID) (core.IdentityKey, bool) {
	j = user(j)
	k := core.IdentityKey{Value: j.User}
	switch j.Server {
	case types.HiddenUserServer:
		k.Scheme = core.SchemeLID
	case types.DefaultUserServer:
		k.Scheme = core.SchemePhone
	case types.GroupServer:
		k.Scheme = core.SchemeGroup
	}
	return k, k.Scheme != "" && k.Value != ""
}

// jidOf is keyOf backwards.
func jidOf(k core.IdentityKey) (types.JID, bool) {
	server := map[core.Scheme]string{core.SchemeLID: types.HiddenUserServer, core.SchemePhone: types.DefaultUserServer, core.SchemeGroup: types.GroupServer}[k.Scheme]
	return types.NewJID(k.Value, server), server != "" && k.Value != ""
}

// recipient is where a message for somebody goes: the first address of WhatsApp's.
func recipient(to []core.IdentityKey) (types.JID, bool) {
	for _, k := range to {
		if j, ok := jidOf(k); ok {
			return j, true
		}
	}
	return types.JID{}, false
}

// peerOf describes somebody by all addresses known, each once, the hidden one first: it stays when the number changes.
func peerOf(name string, addresses ...types.JID) core.Peer {
	p := core.Peer{Name: name}
	for _, scheme := range []core.Scheme{core.SchemeGroup, core.SchemeLID, core.SchemePhone} {
		for _, j := range addresses {
			if k, ok := keyOf(j); ok && k.Scheme == scheme && !slices.Contains(p.Identities, k) {
				p.Identities = append(p.Identities, k)
			}
		}
	}
	return p
}
