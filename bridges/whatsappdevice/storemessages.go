package whatsappdevice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

const (
	bufferedFor = 14 * 24 * time.Hour  // WhatsApp hands out again for so long what was not acknowledged
	retriedFor  = 7 * 24 * time.Hour   // whoever could not read a message asks for it again by then
	secretsFor  = 365 * 24 * time.Hour // votes and answers that belong to an older message stay unread
	longestName = 200
)

// named makes a part of a key of an id that others chose.
func named(id string) string {
	if id = url.QueryEscape(id); len(id) > longestName {
		sum := sha256.Sum256([]byte(id))
		return hex.EncodeToString(sum[:])
	}
	return id
}

// buffered is a message that was decrypted once; a second time it cannot be.
type buffered struct {
	Plaintext []byte `json:"plaintext"` // null: it was taken
	Server    int64  `json:"server"`    // seconds since 1970
	Inserted  int64  `json:"inserted"`  // milliseconds since 1970
}

func (r *records) keepBuffered(ctx context.Context, hash [32]byte, b buffered) error {
	return r.apply(ctx, core.KeepUntil(r.own(spaceBuffer), hex.EncodeToString(hash[:]), encode(b), time.UnixMilli(b.Inserted).Add(bufferedFor)))
}

// GetBufferedEvent implements store.EventBuffer.
func (r *records) GetBufferedEvent(ctx context.Context, hash [32]byte) (*store.BufferedEvent, error) {
	var b buffered
	there, err := r.one(ctx, r.own(spaceBuffer), hex.EncodeToString(hash[:]), &b)
	if err != nil || !there {
		return nil, r.tell(ctx, err)
	}
	return &store.BufferedEvent{Plaintext: b.Plaintext, ServerTime: time.Unix(b.Server, 0), InsertTime: time.UnixMilli(b.Inserted)}, nil
}

// PutBufferedEvent implements store.EventBuffer.
func (r *records) PutBufferedEvent(ctx context.Context, hash [32]byte, plaintext []byte, server time.Time) error {
	return r.keepBuffered(ctx, hash, buffered{Plaintext: plaintext, Server: server.Unix(), Inserted: r.now().UnixMilli()})
}

// ClearBufferedEventPlaintext implements store.EventBuffer.
func (r *records) ClearBufferedEventPlaintext(ctx context.Context, hash [32]byte) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	var b buffered
	there, err := r.one(ctx, r.own(spaceBuffer), hex.EncodeToString(hash[:]), &b)
	if err != nil || !there {
		return err
	}
	b.Plaintext = nil
	return r.keepBuffered(ctx, hash, b)
}

// DeleteOldBufferedHashes implements store.EventBuffer. Each is kept until its time is over; the gateway clears up.
func (r *records) DeleteOldBufferedHashes(context.Context) error { return nil }

// sentOut is a message that was sent, for those who ask for it again.
type sentOut struct {
	Format    string `json:"format"`
	Plaintext []byte `json:"plaintext"`
}

func sentName(chat types.JID, id types.MessageID) string { return chat.String() + "|" + named(id) }

// AddOutgoingEvent implements store.EventBuffer.
func (r *records) AddOutgoingEvent(ctx context.Context, chat types.JID, id types.MessageID, format string, plaintext []byte) error {
	return r.apply(ctx, core.KeepUntil(r.own(spaceRetry), sentName(chat, id), encode(sentOut{Format: format, Plaintext: plaintext}), r.later(retriedFor)))
}

// GetOutgoingEvent implements store.EventBuffer. ErrNotFound: it was never sent from here, or long ago.
func (r *records) GetOutgoingEvent(ctx context.Context, chat, altChat types.JID, id types.MessageID) (string, []byte, error) {
	for _, c := range []types.JID{chat, altChat} {
		var o sentOut
		if there, err := r.one(ctx, r.own(spaceRetry), sentName(c, id), &o); err != nil || there {
			return o.Format, o.Plaintext, err
		}
	}
	return "", nil, fmt.Errorf("message %q to be sent again: %w", id, core.ErrNotFound)
}

// DeleteOldOutgoingEvents implements store.EventBuffer. Each is kept until its time is over; the gateway clears up.
func (r *records) DeleteOldOutgoingEvents(context.Context) error { return nil }

func secretName(chat, sender string, id types.MessageID) string {
	return chat + "|" + sender + "|" + named(id)
}

// PutMessageSecrets implements store.MsgSecretStore. One that is known stays.
func (r *records) PutMessageSecrets(ctx context.Context, inserts []store.MessageSecretInsert) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	names := make([]string, len(inserts))
	for i, s := range inserts {
		names[i] = secretName(s.Chat.ToNonAD().String(), s.Sender.ToNonAD().String(), s.ID)
	}
	known, err := r.getMany(ctx, spaceSecret, names)
	if err != nil {
		return err
	}
	var changes []core.Change
	for i, s := range inserts {
		if known[names[i]] == nil {
			known[names[i]] = s.Secret
			changes = append(changes, core.KeepUntil(spaceSecret, names[i], s.Secret, r.later(secretsFor)))
		}
	}
	return r.apply(ctx, changes...)
}

// PutMessageSecret implements store.MsgSecretStore.
func (r *records) PutMessageSecret(ctx context.Context, chat, sender types.JID, id types.MessageID, secret []byte) error {
	return r.PutMessageSecrets(ctx, []store.MessageSecretInsert{{Chat: chat, Sender: sender, ID: id, Secret: secret}})
}

// GetMessageSecret implements store.MsgSecretStore. Chat and sender are found under number and LID; the second result is the sender's name that it
// is stored under.
func (r *records) GetMessageSecret(ctx context.Context, chat, sender types.JID, id types.MessageID) ([]byte, types.JID, error) {
	chats, err := r.bothNames(ctx, chat)
	if err != nil {
		return nil, types.EmptyJID, err
	}
	senders, err := r.bothNames(ctx, sender)
	if err != nil {
		return nil, types.EmptyJID, err
	}
	var names []string
	for _, c := range chats {
		for _, s := range senders {
			names = append(names, secretName(c, s, id))
		}
	}
	known, err := r.getMany(ctx, spaceSecret, names)
	if err != nil {
		return nil, types.EmptyJID, err
	}
	for _, name := range names {
		if secret := known[name]; secret != nil {
			_, rest, _ := strings.Cut(name, "|")
			who, _, _ := strings.Cut(rest, "|")
			jid, err := types.ParseJID(who)
			return secret, jid, err
		}
	}
	return nil, types.EmptyJID, nil
}
