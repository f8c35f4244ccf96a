package core

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// LedgerKey is what the phone and the provider's API know a message of a shared number by. Contact is that of what came in, whose ids are chosen by
// others; it is empty for what went out.
type LedgerKey struct {
	Number    string // the business's, digits
	Direction Direction
	Stanza    string
	Contact   ContactID
}

// LedgerEntry is a message part of a number that two channels serve: one row, whichever of them saw it first.
type LedgerEntry struct {
	LedgerKey
	Part         PartID
	Message      MessageID
	Conversation ConversationID
	At           time.Time // the provider's clock: the day it belongs to
	API, Phone   Sight
}

// Sight is how one side saw a message. The zero value: it has not.
type Sight struct {
	Provider string    // the id it has there
	How      SightKind // the first way by which it was seen
	Seen     time.Time // when we learned of it
}

// SightKind is a way by which a side of a shared number sees a message.
type SightKind string

const (
	SightSend    SightKind = "send"    // the answer to our own send
	SightMessage SightKind = "message" // a customer's message
	SightEcho    SightKind = "echo"    // what was sent elsewhere, reported to us
	SightHistory SightKind = "history" // imported
)

// Side is that of the channel.
func (e LedgerEntry) Side(phone bool) Sight {
	if phone {
		return e.Phone
	}
	return e.API
}

// With sets the sight of a side.
func (e LedgerEntry) With(phone bool, s Sight) LedgerEntry {
	if phone {
		e.Phone = s
	} else {
		e.API = s
	}
	return e
}

// LedgerRepo keeps which messages of a shared number which side has seen. A channel without a twin never comes here.
type LedgerRepo interface {
	// SetNumber records the phone number that the provider proves to be a channel's, and whether the channel is a device linked to that phone. Where
	// another channel of the workspace is the other side of the number, both are each other's Twin from then on, and what they have seen so far is
	// entered. It returns the channel as it is now.
	SetNumber(ctx context.Context, id ChannelID, number string, phone bool) (Channel, error)
	// Ledger returns the entries with this stanza, mostly none or one. Where it finds none inside a transaction, none comes up before that ends.
	Ledger(ctx context.Context, number, stanza string) ([]LedgerEntry, error)
	// AddToLedger inserts an entry and reports whether it won: false means that its key is there already.
	AddToLedger(ctx context.Context, e LedgerEntry) (won bool, err error)
	// SeeInLedger adds the sight of a side to an entry; what that side saw before stays.
	SeeInLedger(ctx context.Context, k LedgerKey, phone bool, s Sight) error
	// PassInLedger makes an entry that of another part.
	PassInLedger(ctx context.Context, k LedgerKey, p Part) error
	// Enliven makes an imported message one that came in just now: in the conversation, at its end.
	Enliven(ctx context.Context, id MessageID, to ConversationID, seq int64) error
	// CountLedger counts the entries of a number between two times, by who has seen them.
	CountLedger(ctx context.Context, number string, from, to time.Time) (LedgerCount, error)
	// LedgerGaps lists the entries of a number between two times that one side alone has seen, the oldest first. Those of groups come last: the
	// API never sees them, and they must not take the place of others.
	LedgerGaps(ctx context.Context, number string, from, to time.Time, limit int) ([]LedgerEntry, error)
	// LedgerDoubles lists stanzas under which two contacts are entered: one person whom the sides know by different ids.
	LedgerDoubles(ctx context.Context, limit int) ([][2]LedgerEntry, error)
}

// LedgerCount is how many messages of a number were seen by whom.
type LedgerCount struct {
	Both  int `json:"both"`
	API   int `json:"api"`   // by the API alone
	Phone int `json:"phone"` // by the linked device alone
}

const (
	shortestNumber = 7
	longestNumber  = 15
)

// PhoneDigits is a phone number with its country code as the ledger knows it, empty if it is none.
func PhoneDigits(number string) string {
	digits := strings.TrimPrefix(Digits(number), "00")
	if len(digits) < shortestNumber || len(digits) > longestNumber || digits[0] == '0' {
		return ""
	}
	return digits
}

// Enter has the ledger know that the side of a channel saw a part of one of our own sends, its conversation locked. An entry that was made from an
// echo nobody could know as ours becomes this part's. A channel without a twin, and a part without a stanza, are not entered.
func Enter(ctx context.Context, repo Repo, ch Channel, p Part, s Sight) error {
	if ch.Twin == "" || p.Stanza == "" {
		return nil
	}
	k := LedgerKey{Number: ch.Number, Direction: Out, Stanza: p.Stanza}
	there, err := repo.Ledger(ctx, k.Number, k.Stanza)
	if err != nil {
		return fmt.Errorf("ledger of part: %w", err)
	}
	for _, e := range there {
		if e.LedgerKey != k {
			continue
		}
		if e.Part != p.ID {
			if err := repo.PassInLedger(ctx, k, p); err != nil {
				return fmt.Errorf("pass ledger entry to part: %w", err)
			}
		}
		return repo.SeeInLedger(ctx, k, ch.Phone, s)
	}
	e := LedgerEntry{LedgerKey: k, Part: p.ID, Message: p.Message, Conversation: p.Conversation, At: p.Sent}.With(ch.Phone, s)
	if e.At.IsZero() {
		e.At = s.Seen
	}
	won, err := repo.AddToLedger(ctx, e)
	if err == nil && !won {
		err = ErrDuplicate
	}
	if err != nil {
		return fmt.Errorf("enter part: %w", err)
	}
	return nil
}

// IDOn returns the id by which the provider of a channel knows a part, for quotes and the like; empty if it does not, or if that is not known.
func IDOn(ctx context.Context, repo Repo, ch Channel, p Part) (string, error) {
	switch {
	case p.Channel == ch.ID && p.Provider != "":
		return p.Provider, nil
	case ch.Twin == "" || p.Stanza == "" || p.Channel != ch.ID && p.Channel != ch.Twin:
		return "", nil
	}
	there, err := repo.Ledger(ctx, ch.Number, p.Stanza)
	if err != nil {
		return "", fmt.Errorf("ledger of quoted part: %w", err)
	}
	for _, e := range there {
		if e.Part == p.ID {
			return e.Side(ch.Phone).Provider, nil
		}
	}
	return "", nil
}
