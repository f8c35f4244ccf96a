package core

import (
	"context"
	"time"
)

// Safe keeps a link's own records, sealed: keys and ratchets of a session, and what the protocol's library remembers beside them. They belong to the
// channel, lie in our database and go with the channel. Only the channel's session may change them, while its lease is held: any other change ends
// in ErrLeaseLost and stores nothing.
//
// Spaces and keys are not sealed: they hold no secret. A space is a short word; a key is text of at most 512 bytes.
type Safe interface {
	// Get returns the values of those of the keys that are there.
	Get(ctx context.Context, space string, keys ...string) (map[string][]byte, error)
	// List returns the records of a space whose keys begin with prefix, by key.
	List(ctx context.Context, space, prefix string) ([]Record, error)
	// Apply makes all of the changes, in their order, or none of them. It returns after the commit.
	Apply(ctx context.Context, changes ...Change) error
}

// Record is one entry of a Safe.
type Record struct {
	Key   string
	Value []byte
}

// Change is one change to a Safe, made by Keep, KeepUntil, Forget or ForgetAll.
type Change struct {
	Space string
	Key   string
	Value []byte    // nil: forget
	Until time.Time // it may be forgotten from then on; zero: it is kept for good
	All   bool      // forget every record whose key begins with Key
}

// Keep stores a value in the place of the one that was there.
func Keep(space, key string, value []byte) Change { return KeepUntil(space, key, value, time.Time{}) }

// KeepUntil is Keep for a value that may be forgotten from a time on. Until the gateway clears up, it may still be found after it.
func KeepUntil(space, key string, value []byte, until time.Time) Change {
	if value == nil {
		value = []byte{}
	}
	return Change{Space: space, Key: key, Value: value, Until: until}
}

// Forget removes a record, if it is there.
func Forget(space, key string) Change { return Change{Space: space, Key: key} }

// ForgetAll removes the records of a space whose keys begin with prefix.
func ForgetAll(space, prefix string) Change { return Change{Space: space, Key: prefix, All: true} }

// SealedRecord is a record of a Safe as the database keeps it.
type SealedRecord struct {
	Key string
	Box []byte
}

// SafeRepo keeps the records of the channels' Safes, sealed by the caller.
type SafeRepo interface {
	// Records finds those of the keys that are there, in no order.
	Records(ctx context.Context, ch ChannelID, space string, keys []string) ([]SealedRecord, error)
	// RecordsFrom lists the records of a space whose keys begin with prefix, by key.
	RecordsFrom(ctx context.Context, ch ChannelID, space, prefix string) ([]SealedRecord, error)
	// ChangeRecords makes all of the changes, in their order, or none. Their values are sealed.
	ChangeRecords(ctx context.Context, ch ChannelID, changes []Change) error
}
