package whatsappdevice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/store"
)

// Spaces of the safe. Those of the first group belong to a device's keys: their names end in the device's generation, and they go with it.
const (
	spaceIdentity   = "identity"
	spaceSession    = "session"
	spacePreKey     = "prekey"
	spaceSenderKey  = "senderkey"
	spaceAppKey     = "appkey"
	spaceAppVersion = "appversion"
	spaceAppMAC     = "appmac"
	spaceSalt       = "salt"
	spaceBuffer     = "buffer"
	spaceRetry      = "retry"

	spaceContact = "contact" // of the account, whatever device is joined to it
	spaceChat    = "chat"
	spaceSecret  = "secret"
	spaceToken   = "token"

	spaceLID    = "lid" // true for everybody
	spaceDevice = "device"
)

var (
	ofDevice  = [...]string{spaceIdentity, spaceSession, spacePreKey, spaceSenderKey, spaceAppKey, spaceAppVersion, spaceAppMAC, spaceSalt, spaceBuffer, spaceRetry}
	ofAccount = [...]string{spaceContact, spaceChat, spaceSecret, spaceToken, spaceHistory}
)

// records is what whatsmeow keeps of one device, in the channel's safe. What is changed inside DoDecryptionTxn is held back and applied at once, so that
// a ratchet never moves on without the plaintext that it opened.
type records struct {
	safe       core.Safe
	now        core.Clock
	generation string
	changing   sync.Mutex      // from reading a record to changing it
	migrated   sync.Map        // numbers whose sessions are known to be under their LID
	phone      []string        // the sessions of the phone that the device is linked to
	untaken    func(err error) // told of a message that could not be taken for trouble of the safe; nil: nobody is
}

var (
	_ store.AllSessionSpecificStores = (*records)(nil)
	_ store.LIDStore                 = (*records)(nil)
)

// own names a space of the device's.
func (r *records) own(space string) string { return space + r.generation }

// draft is the changes of a transaction that is not over. A context carries it.
type draft struct {
	mu      sync.Mutex
	changes []core.Change
}

type draftKey struct{}

func draftOf(ctx context.Context) *draft {
	d, _ := ctx.Value(draftKey{}).(*draft)
	return d
}

func (d *draft) add(changes []core.Change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes = append(d.changes, changes...)
}

// over returns what was found as the draft leaves it.
func (d *draft) over(space string, found map[string][]byte, wanted func(key string) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.changes {
		switch {
		case c.Space != space:
		case c.All:
			for k := range found {
				if strings.HasPrefix(k, c.Key) {
					delete(found, k)
				}
			}
		case c.Value == nil:
			delete(found, c.Key)
		case wanted(c.Key):
			found[c.Key] = c.Value
		}
	}
}

// DoDecryptionTxn implements store.EventBuffer: what f changes through its context is stored as a whole, or not at all.
func (r *records) DoDecryptionTxn(ctx context.Context, f func(context.Context) error) error {
	if draftOf(ctx) != nil {
		return f(ctx)
	}
	d := &draft{}
	err := f(context.WithValue(ctx, draftKey{}, d))
	if err == nil {
		err = troubled(r.safe.Apply(ctx, append(d.changes, r.offers(d.changes)...)...))
	}
	return r.tell(ctx, err)
}

// offers keeps what the phone offers of older conversations together with the ratchet that opened it: whatsmeow tells the phone that it was taken while
// the handler has it still to store, and the phone offers it once.
func (r *records) offers(changes []core.Change) (keep []core.Change) {
	if !slices.ContainsFunc(changes, func(c core.Change) bool {
		return c.Space == r.own(spaceSession) && c.Value != nil && slices.Contains(r.phone, c.Key)
	}) {
		return nil
	}
	for _, c := range changes {
		var b buffered
		if c.Space != r.own(spaceBuffer) || json.Unmarshal(c.Value, &b) != nil {
			continue
		}
		if n := offered(b.Plaintext); n != nil {
			if one, err := offer(n, r.now()); err == nil {
				keep = append(keep, one)
			}
		}
	}
	return keep
}

// trouble is an error of the safe. To whatsmeow it is a call that was given up: any other error while it decrypts it takes for one of the message, which
// it acknowledges then, and asks for at the sender a few times.
type trouble struct{ error }

func (t trouble) Unwrap() error      { return t.error }
func (trouble) Is(target error) bool { return target == context.Canceled } //nolint:errorlint // what errors.Is asks for

func troubled(err error) error {
	if err == nil {
		return nil
	}
	return trouble{err}
}

// tell tells of trouble with taking a message, and returns it.
func (r *records) tell(ctx context.Context, err error) error {
	var t trouble
	if errors.As(err, &t) && r.untaken != nil && ctx.Err() == nil {
		r.untaken(t.error)
	}
	return err
}

func (r *records) apply(ctx context.Context, changes ...core.Change) error {
	if d := draftOf(ctx); d != nil {
		d.add(changes)
		return nil
	}
	return troubled(r.safe.Apply(ctx, changes...))
}

// get returns nil if there is none.
func (r *records) get(ctx context.Context, space, key string) ([]byte, error) {
	found, err := r.getMany(ctx, space, []string{key})
	return found[key], err
}

func (r *records) getMany(ctx context.Context, space string, keys []string) (map[string][]byte, error) {
	found, err := r.safe.Get(ctx, space, keys...)
	if err != nil {
		return nil, troubled(err)
	}
	if d := draftOf(ctx); d != nil {
		asked := make(map[string]bool, len(keys))
		for _, k := range keys {
			asked[k] = true
		}
		d.over(space, found, func(key string) bool { return asked[key] })
	}
	return found, nil
}

// list returns the records whose keys begin with prefix.
func (r *records) list(ctx context.Context, space, prefix string) (map[string][]byte, error) {
	all, err := r.safe.List(ctx, space, prefix)
	if err != nil {
		return nil, troubled(err)
	}
	found := make(map[string][]byte, len(all))
	for _, one := range all {
		found[one.Key] = one.Value
	}
	if d := draftOf(ctx); d != nil {
		d.over(space, found, func(key string) bool { return strings.HasPrefix(key, prefix) })
	}
	return found, nil
}

// one reads a record that is JSON into v and reports whether it is there.
func (r *records) one(ctx context.Context, space, key string, v any) (bool, error) {
	raw, err := r.get(ctx, space, key)
	if err != nil || raw == nil {
		return false, err
	}
	return true, decode(space, raw, v)
}

func decode(space string, raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("record of %s: %w", strings.TrimRight(space, "0123456789"), err)
	}
	return nil
}

// encode makes a record of what is always JSON: texts, numbers, bytes.
func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("encode record: " + err.Error())
	}
	return raw
}

// thirtyTwo returns a key of that size.
func thirtyTwo(raw []byte) ([32]byte, error) {
	if len(raw) != 32 {
		return [32]byte{}, fmt.Errorf("a key of %d bytes is stored", len(raw))
	}
	return [32]byte(raw), nil
}

func (r *records) later(d time.Duration) time.Time { return r.now().Add(d) }
