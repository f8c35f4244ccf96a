package whatsappdevice

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"causeway/core"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// PutIdentity implements store.IdentityStore.
func (r *records) PutIdentity(ctx context.Context, address string, key [32]byte) error {
	return r.apply(ctx, core.Keep(r.own(spaceIdentity), address, key[:]))
}

// DeleteAllIdentities implements store.IdentityStore.
func (r *records) DeleteAllIdentities(ctx context.Context, phone string) error {
	return r.apply(ctx, core.ForgetAll(r.own(spaceIdentity), phone+":"))
}

// DeleteIdentity implements store.IdentityStore.
func (r *records) DeleteIdentity(ctx context.Context, address string) error {
	return r.apply(ctx, core.Forget(r.own(spaceIdentity), address))
}

// IsTrustedIdentity implements store.IdentityStore. Whom nothing is known of is trusted.
func (r *records) IsTrustedIdentity(ctx context.Context, address string, key [32]byte) (bool, error) {
	raw, err := r.get(ctx, r.own(spaceIdentity), address)
	if err != nil || raw == nil {
		return err == nil, err
	}
	known, err := thirtyTwo(raw)
	return known == key, err
}

// GetSession implements store.SessionStore.
func (r *records) GetSession(ctx context.Context, address string) ([]byte, error) {
	return r.get(ctx, r.own(spaceSession), address)
}

// HasSession implements store.SessionStore.
func (r *records) HasSession(ctx context.Context, address string) (bool, error) {
	raw, err := r.GetSession(ctx, address)
	return raw != nil, err
}

// GetManySessions implements store.SessionStore. Addresses without a session are in the answer, with nil.
func (r *records) GetManySessions(ctx context.Context, addresses []string) (map[string][]byte, error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	found, err := r.getMany(ctx, r.own(spaceSession), addresses)
	if err != nil {
		return nil, err
	}
	all := make(map[string][]byte, len(addresses))
	for _, a := range addresses {
		all[a] = found[a]
	}
	return all, nil
}

// PutSession implements store.SessionStore.
func (r *records) PutSession(ctx context.Context, address string, session []byte) error {
	return r.apply(ctx, core.Keep(r.own(spaceSession), address, session))
}

// PutManySessions implements store.SessionStore.
func (r *records) PutManySessions(ctx context.Context, sessions map[string][]byte) error {
	var changes []core.Change
	for _, address := range slices.Sorted(maps.Keys(sessions)) {
		changes = append(changes, core.Keep(r.own(spaceSession), address, sessions[address]))
	}
	return r.apply(ctx, changes...)
}

// DeleteAllSessions implements store.SessionStore.
func (r *records) DeleteAllSessions(ctx context.Context, phone string) error {
	return r.apply(ctx, core.ForgetAll(r.own(spaceSession), phone+":"))
}

// DeleteSession implements store.SessionStore.
func (r *records) DeleteSession(ctx context.Context, address string) error {
	return r.apply(ctx, core.Forget(r.own(spaceSession), address))
}

// MigratePNToLID implements store.SessionStore: what was agreed with a number goes on under its LID.
func (r *records) MigratePNToLID(ctx context.Context, pn, lid types.JID) error {
	from, to := pn.SignalAddressUser(), lid.SignalAddressUser()
	if _, done := r.migrated.Load(from); done {
		return nil
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	var changes []core.Change
	for _, space := range []string{spaceSession, spaceIdentity, spaceSenderKey} {
		found, err := r.list(ctx, r.own(space), from+":")
		if err != nil {
			return fmt.Errorf("move %s to the LID: %w", space, err)
		}
		for key, value := range found {
			changes = append(changes, core.Keep(r.own(space), to+strings.TrimPrefix(key, from), value), core.Forget(r.own(space), key))
		}
	}
	if err := r.apply(ctx, changes...); err != nil {
		return fmt.Errorf("move what was agreed to the LID: %w", err)
	}
	if draftOf(ctx) == nil {
		r.migrated.Store(from, true)
	}
	return nil
}

// PutSenderKey implements store.SenderKeyStore.
func (r *records) PutSenderKey(ctx context.Context, group, user string, key []byte) error {
	return r.apply(ctx, core.Keep(r.own(spaceSenderKey), senderKey(group, user), key))
}

// GetSenderKey implements store.SenderKeyStore.
func (r *records) GetSenderKey(ctx context.Context, group, user string) ([]byte, error) {
	return r.get(ctx, r.own(spaceSenderKey), senderKey(group, user))
}

func senderKey(group, user string) string { return user + "|" + group }

// preKey is a one-time key as stored: its private half, and whether WhatsApp has it to hand out.
type preKey struct {
	id       uint32
	private  []byte
	uploaded bool
}

const preKeySize = 33

func (p preKey) change(space string) core.Change {
	raw := make([]byte, preKeySize)
	if p.uploaded {
		raw[0] = 1
	}
	copy(raw[1:], p.private)
	return core.Keep(space, preKeyName(p.id), raw)
}

func preKeyName(id uint32) string { return fmt.Sprintf("%010d", id) }

func (p preKey) pair() *keys.PreKey {
	return &keys.PreKey{KeyPair: *keys.NewKeyPairFromPrivateKey([32]byte(p.private)), KeyID: p.id}
}

func readPreKey(name string, raw []byte) (p preKey, err error) {
	if _, err := fmt.Sscanf(name, "%d", &p.id); err != nil || len(raw) != preKeySize {
		return p, fmt.Errorf("one-time key %s has %d bytes", name, len(raw))
	}
	p.uploaded, p.private = raw[0] == 1, raw[1:]
	return p, nil
}

// preKeys lists them by id.
func (r *records) preKeys(ctx context.Context) ([]preKey, error) {
	found, err := r.list(ctx, r.own(spacePreKey), "")
	if err != nil {
		return nil, fmt.Errorf("list one-time keys: %w", err)
	}
	var all []preKey
	for _, name := range slices.Sorted(maps.Keys(found)) {
		p, err := readPreKey(name, found[name])
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// freshPreKeys makes n keys behind the last one.
func freshPreKeys(all []preKey, n int, uploaded bool) []preKey {
	next := uint32(1)
	if len(all) > 0 {
		next = all[len(all)-1].id + 1
	}
	made := make([]preKey, n)
	for i := range made {
		made[i] = preKey{id: next, private: keys.NewKeyPair().Priv[:], uploaded: uploaded}
		next++
	}
	return made
}

// GenOnePreKey implements store.PreKeyStore.
func (r *records) GenOnePreKey(ctx context.Context) (*keys.PreKey, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	all, err := r.preKeys(ctx)
	if err != nil {
		return nil, err
	}
	made := freshPreKeys(all, 1, true)[0]
	return made.pair(), r.apply(ctx, made.change(r.own(spacePreKey)))
}

// GetOrGenPreKeys implements store.PreKeyStore: those that WhatsApp does not have yet, with as many new ones as are missing.
func (r *records) GetOrGenPreKeys(ctx context.Context, count uint32) ([]*keys.PreKey, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	all, err := r.preKeys(ctx)
	if err != nil {
		return nil, err
	}
	waiting := slices.DeleteFunc(slices.Clone(all), func(p preKey) bool { return p.uploaded })
	waiting = waiting[:min(len(waiting), int(count))]
	made := freshPreKeys(all, int(count)-len(waiting), false)
	var changes []core.Change
	for _, p := range made {
		changes = append(changes, p.change(r.own(spacePreKey)))
	}
	if err := r.apply(ctx, changes...); err != nil {
		return nil, fmt.Errorf("keep one-time keys: %w", err)
	}
	var pairs []*keys.PreKey
	for _, p := range slices.Concat(waiting, made) {
		pairs = append(pairs, p.pair())
	}
	return pairs, nil
}

// GetPreKey implements store.PreKeyStore.
func (r *records) GetPreKey(ctx context.Context, id uint32) (*keys.PreKey, error) {
	raw, err := r.get(ctx, r.own(spacePreKey), preKeyName(id))
	if err != nil || raw == nil {
		return nil, err
	}
	p, err := readPreKey(preKeyName(id), raw)
	if err != nil {
		return nil, err
	}
	return p.pair(), nil
}

// RemovePreKey implements store.PreKeyStore.
func (r *records) RemovePreKey(ctx context.Context, id uint32) error {
	return r.apply(ctx, core.Forget(r.own(spacePreKey), preKeyName(id)))
}

// MarkPreKeysAsUploaded implements store.PreKeyStore.
func (r *records) MarkPreKeysAsUploaded(ctx context.Context, upToID uint32) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	all, err := r.preKeys(ctx)
	if err != nil {
		return err
	}
	var changes []core.Change
	for _, p := range all {
		if p.id <= upToID && !p.uploaded {
			p.uploaded = true
			changes = append(changes, p.change(r.own(spacePreKey)))
		}
	}
	return r.apply(ctx, changes...)
}

// UploadedPreKeyCount implements store.PreKeyStore.
func (r *records) UploadedPreKeyCount(ctx context.Context) (int, error) {
	all, err := r.preKeys(ctx)
	n := 0
	for _, p := range all {
		if p.uploaded {
			n++
		}
	}
	return n, err
}

func putUint64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
