package core

import (
	"crypto/rand"
	"encoding/base32"
	"strings"

	"github.com/google/uuid"
)

// Identifiers of different things are different types, so that the compiler refuses to mix them. All are UUIDv7 texts made by NewID unless
// said otherwise; the zero value names nothing.
type (
	WorkspaceID    string
	ChannelID      string
	ContactID      string
	IdentityID     string
	ConversationID string
	MessageID      string
	PartID         string
	MediaID        string
	AgentID        string
	TeamID         string
	NoticeID       string
	MailID         string
)

// NewID returns a fresh time-ordered identifier (UUIDv7). It panics only when the system has no randomness.
func NewID[T ~string]() T { return T(uuid.Must(uuid.NewV7()).String()) }

// NewToken returns n random bytes as lower-case base32 without padding, for verify tokens and API keys.
func NewToken(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24: it ends the program instead
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// actKey begins the keys of actions. They look like those of parts to a provider, but no part has them.
const actKey = "act-"

// NewActKey returns a key for an action that the provider may report on, such as a reaction.
func NewActKey() PartID { return actKey + NewID[PartID]() }

// IsActKey reports whether a key that came back is that of an action rather than of a part.
func IsActKey(key string) bool { return strings.HasPrefix(key, actKey) }
