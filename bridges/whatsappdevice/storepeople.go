package whatsappdevice

import (
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// person is what is known of a contact.
type person struct {
	First    string `json:"first,omitempty"`
	Full     string `json:"full,omitempty"`
	Push     string `json:"push,omitempty"`
	Business string `json:"business,omitempty"`
	Redacted string `json:"redacted,omitempty"`
}

func (p person) info() types.ContactInfo {
	return types.ContactInfo{Found: true, FirstName: p.First, FullName: p.Full, PushName: p.Push, BusinessName: p.Business, RedactedPhone: p.Redacted}
}

// rename changes one name of a contact, and returns the one before if it is another.
func (r *records) rename(ctx context.Context, user types.JID, name string, which func(p *person) *string) (bool, string, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	var p person
	if _, err := r.one(ctx, spaceContact, user.String(), &p); err != nil {
		return false, "", err
	}
	was := *which(&p)
	if was == name {
		return false, "", nil
	}
	*which(&p) = name
	if err := r.apply(ctx, core.Keep(spaceContact, user.String(), encode(p))); err != nil {
		return false, "", err
	}
	return true, was, nil
}

// PutPushName implements store.ContactStore.
func (r *records) PutPushName(ctx context.Context, user types.JID, pushName string) (bool, string, error) {
	return r.rename(ctx, user, pushName, func(p *person) *string { return &p.Push })
}

// PutBusinessName implements store.ContactStore.
func (r *records) PutBusinessName(ctx context.Context, user types.JID, businessName string) (bool, string, error) {
	return r.rename(ctx, user, businessName, func(p *person) *string { return &p.Business })
}

// PutContactName implements store.ContactStore. The first name comes first, as whatsmeow calls it.
func (r *records) PutContactName(ctx context.Context, user types.JID, firstName, fullName string) error {
	if firstName == "" && fullName == "" {
		var p person
		if there, err := r.one(ctx, spaceContact, user.String(), &p); err != nil || !there {
			return err
		}
	}
	return r.PutAllContactNames(ctx, []store.ContactEntry{{JID: user, FirstName: firstName, FullName: fullName}})
}

// PutAllContactNames implements store.ContactStore. Of a contact that comes twice, the first counts.
func (r *records) PutAllContactNames(ctx context.Context, contacts []store.ContactEntry) error {
	change := map[string]func(*person){}
	for _, c := range slices.Backward(contacts) {
		change[c.JID.String()] = func(p *person) { p.First, p.Full = c.FirstName, c.FullName }
	}
	return r.changePeople(ctx, change)
}

// PutManyRedactedPhones implements store.ContactStore. Of a contact that comes twice, the first counts.
func (r *records) PutManyRedactedPhones(ctx context.Context, entries []store.RedactedPhoneEntry) error {
	change := map[string]func(*person){}
	for _, e := range slices.Backward(entries) {
		change[e.JID.String()] = func(p *person) { p.Redacted = e.RedactedPhone }
	}
	return r.changePeople(ctx, change)
}

// changePeople changes contacts, known or not.
func (r *records) changePeople(ctx context.Context, change map[string]func(*person)) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	names := make([]string, 0, len(change))
	for name := range change {
		names = append(names, name)
	}
	known, err := r.getMany(ctx, spaceContact, names)
	if err != nil {
		return err
	}
	var changes []core.Change
	for name, f := range change {
		var was, p person
		raw := known[name]
		if raw != nil {
			if err := decode(spaceContact, raw, &was); err != nil {
				return err
			}
		}
		p = was
		if f(&p); raw == nil || p != was {
			changes = append(changes, core.Keep(spaceContact, name, encode(p)))
		}
	}
	return r.apply(ctx, changes...)
}

// GetContact implements store.ContactStore.
func (r *records) GetContact(ctx context.Context, user types.JID) (types.ContactInfo, error) {
	var p person
	there, err := r.one(ctx, spaceContact, user.String(), &p)
	if err != nil || !there {
		return types.ContactInfo{}, err
	}
	return p.info(), nil
}

// GetAllContacts implements store.ContactStore.
func (r *records) GetAllContacts(ctx context.Context) (map[types.JID]types.ContactInfo, error) {
	found, err := r.list(ctx, spaceContact, "")
	if err != nil {
		return nil, err
	}
	all := make(map[types.JID]types.ContactInfo, len(found))
	for name, raw := range found {
		jid, err := types.ParseJID(name)
		if err != nil {
			return nil, fmt.Errorf("name of a contact: %w", err)
		}
		var p person
		if err := decode(spaceContact, raw, &p); err != nil {
			return nil, err
		}
		all[jid] = p.info()
	}
	return all, nil
}

// chat is what the phone has set for a conversation.
type chat struct {
	Muted    int64 `json:"muted,omitempty"` // until, in seconds since 1970; forever: -1
	Pinned   bool  `json:"pinned,omitempty"`
	Archived bool  `json:"archived,omitempty"`
}

const forever = -1

func (r *records) setChat(ctx context.Context, jid types.JID, set func(c *chat)) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	var c chat
	if _, err := r.one(ctx, spaceChat, jid.String(), &c); err != nil {
		return err
	}
	set(&c)
	return r.apply(ctx, core.Keep(spaceChat, jid.String(), encode(c)))
}

// PutMutedUntil implements store.ChatSettingsStore.
func (r *records) PutMutedUntil(ctx context.Context, jid types.JID, until time.Time) error {
	return r.setChat(ctx, jid, func(c *chat) {
		switch {
		case until.IsZero():
			c.Muted = 0
		case until.Equal(store.MutedForever):
			c.Muted = forever
		default:
			c.Muted = until.Unix()
		}
	})
}

// PutPinned implements store.ChatSettingsStore.
func (r *records) PutPinned(ctx context.Context, jid types.JID, pinned bool) error {
	return r.setChat(ctx, jid, func(c *chat) { c.Pinned = pinned })
}

// PutArchived implements store.ChatSettingsStore.
func (r *records) PutArchived(ctx context.Context, jid types.JID, archived bool) error {
	return r.setChat(ctx, jid, func(c *chat) { c.Archived = archived })
}

// GetChatSettings implements store.ChatSettingsStore.
func (r *records) GetChatSettings(ctx context.Context, jid types.JID) (types.LocalChatSettings, error) {
	var c chat
	there, err := r.one(ctx, spaceChat, jid.String(), &c)
	if err != nil || !there {
		return types.LocalChatSettings{}, err
	}
	s := types.LocalChatSettings{Found: true, Pinned: c.Pinned, Archived: c.Archived}
	switch {
	case c.Muted == forever:
		s.MutedUntil = store.MutedForever
	case c.Muted > 0:
		s.MutedUntil = time.Unix(c.Muted, 0)
	}
	return s, nil
}

// token is what lets us write to a person, by their leave.
type token struct {
	Token  []byte `json:"token"`
	At     int64  `json:"at"` // in seconds since 1970
	Sender *int64 `json:"sender,omitempty"`
}

// PutPrivacyTokens implements store.PrivacyTokenStore. An older one changes nothing.
func (r *records) PutPrivacyTokens(ctx context.Context, tokens ...store.PrivacyToken) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	for _, t := range tokens {
		name := t.User.ToNonAD().String()
		var was token
		there, err := r.one(ctx, spaceToken, name, &was)
		if err != nil {
			return err
		}
		now := token{Token: t.Token, At: t.Timestamp.Unix(), Sender: was.Sender}
		if there && now.At < was.At {
			continue
		}
		if !t.SenderTimestamp.IsZero() {
			at := t.SenderTimestamp.Unix()
			now.Sender = &at
		}
		if err := r.apply(ctx, core.Keep(spaceToken, name, encode(now))); err != nil {
			return err
		}
	}
	return nil
}

// GetPrivacyToken implements store.PrivacyTokenStore: the newest of the person's, under number or LID.
func (r *records) GetPrivacyToken(ctx context.Context, user types.JID) (*store.PrivacyToken, error) {
	both, err := r.bothNames(ctx, user)
	if err != nil {
		return nil, err
	}
	var newest *token
	for _, name := range both {
		var t token
		there, err := r.one(ctx, spaceToken, name, &t)
		if err != nil {
			return nil, err
		}
		if there && (newest == nil || t.At > newest.At) {
			newest = &t
		}
	}
	if newest == nil {
		return nil, nil
	}
	found := &store.PrivacyToken{User: user.ToNonAD(), Token: newest.Token, Timestamp: time.Unix(newest.At, 0)}
	if newest.Sender != nil {
		found.SenderTimestamp = time.Unix(*newest.Sender, 0)
	}
	return found, nil
}

// DeleteExpiredPrivacyTokens implements store.PrivacyTokenStore.
func (r *records) DeleteExpiredPrivacyTokens(ctx context.Context, cutoff time.Time) (int64, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	found, err := r.list(ctx, spaceToken, "")
	if err != nil {
		return 0, err
	}
	var changes []core.Change
	for name, raw := range found {
		var t token
		if err := decode(spaceToken, raw, &t); err != nil {
			return 0, err
		}
		if t.At < cutoff.Unix() {
			changes = append(changes, core.Forget(spaceToken, name))
		}
	}
	return int64(len(changes)), r.apply(ctx, changes...)
}
