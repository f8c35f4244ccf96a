package session

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"causeway/core"
)

// safe is a channel's core.Safe. Its records are sealed with a key of the channel's own, which the vault seals: a new master key seals that one anew
// and need not touch the records, which the session changes with each message.
//
// While the lease is held nobody else changes a record, so what was read or written is remembered.
type safe struct {
	h       *host
	writing sync.Mutex // one Apply at a time
	mu      sync.Mutex // guards what follows
	key     cipher.AEAD
	lease   core.Lease // under which memory is
	memory  memory
	version int // odd while records are being changed
}

var _ core.Safe = (*safe)(nil)

const (
	keyName    = "key"
	keySize    = 32
	recordForm = 1
	longestKey = 512
)

// safeOwner names a channel's safe as the owner of its key.
func safeOwner(id core.ChannelID) string { return "safe/" + string(id) }

func (h *host) Safe() core.Safe { return &h.safe }

func (s *safe) Get(ctx context.Context, space string, keys ...string) (map[string][]byte, error) {
	found := make(map[string][]byte, len(keys))
	missing, version := s.remembered(space, keys, found)
	if len(missing) == 0 {
		return found, nil
	}
	sealed, err := s.repo().Records(ctx, s.h.channel.ID, space, missing)
	if err != nil {
		return nil, fmt.Errorf("read safe: %w", err)
	}
	all, err := s.open(ctx, space, sealed)
	if err != nil {
		return nil, err
	}
	read := make(map[string][]byte, len(missing))
	for _, r := range all {
		read[r.Key], found[r.Key] = r.Value, r.Value
	}
	s.learn(version, func() {
		for _, k := range missing {
			s.memory.put(space, k, read[k])
		}
	})
	return found, nil
}

func (s *safe) List(ctx context.Context, space, prefix string) ([]core.Record, error) {
	sealed, err := s.repo().RecordsFrom(ctx, s.h.channel.ID, space, prefix)
	if err != nil {
		return nil, fmt.Errorf("list safe: %w", err)
	}
	return s.open(ctx, space, sealed)
}

func (s *safe) Apply(ctx context.Context, changes ...core.Change) error {
	switch {
	case len(changes) == 0:
		return nil
	case s.h.lease() == core.Lease{}:
		return core.ErrLeaseLost
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	sealed, err := s.seal(ctx, changes)
	if err != nil {
		return err
	}
	s.begin()
	err = s.h.under(ctx, func(tx core.Tx) error {
		return tx.In(s.h.channel.Workspace).ChangeRecords(ctx, s.h.channel.ID, sealed)
	})
	s.done(changes, err == nil)
	if err != nil {
		return fmt.Errorf("change safe: %w", err)
	}
	return nil
}

func (s *safe) repo() core.Repo { return s.h.m.Store.In(s.h.channel.Workspace) }

// remembered fills found with what is known and returns the keys that must be read, and the version of now.
func (s *safe) remembered(space string, keys []string, found map[string][]byte) (missing []string, version int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checkLease()
	for _, k := range keys {
		value, known := s.memory.get(space, k)
		if !known {
			missing = append(missing, k)
		} else if value != nil {
			found[k] = value
		}
	}
	return missing, s.version
}

// checkLease forgets what was learned under another lease, or under none.
func (s *safe) checkLease() {
	t := s.h.session.Load()
	if t == nil || t.ctx.Err() != nil {
		s.lease, s.memory = core.Lease{}, memory{}
	} else if t.lease != s.lease {
		s.lease, s.memory = t.lease, memory{}
	}
}

// learn remembers what was read, unless records were changed meanwhile.
func (s *safe) learn(version int, put func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.checkLease(); s.version == version && version%2 == 0 && s.lease != (core.Lease{}) {
		put()
	}
}

func (s *safe) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
}

// done remembers what was changed; where it is not known whether it was, nothing of it.
func (s *safe) done(changes []core.Change, stored bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.checkLease()
	for _, c := range changes {
		switch {
		case c.All:
			s.memory.dropAll(c.Space, c.Key)
		case !stored || s.lease == core.Lease{}:
			s.memory.drop(c.Space, c.Key)
		default:
			s.memory.put(c.Space, c.Key, c.Value)
		}
	}
}

// seal returns the changes as they are stored.
func (s *safe) seal(ctx context.Context, changes []core.Change) ([]core.Change, error) {
	key, err := s.aead(ctx, true)
	if err != nil {
		return nil, err
	}
	sealed := make([]core.Change, len(changes))
	for i, c := range changes {
		if len(c.Key) > longestKey || c.Key == "" && !c.All {
			return nil, fmt.Errorf("safe: a key of %d bytes in %s", len(c.Key), c.Space)
		}
		if c.Value != nil {
			nonce := make([]byte, key.NonceSize())
			_, _ = rand.Read(nonce) // it never fails
			c.Value = key.Seal(append([]byte{recordForm}, nonce...), nonce, c.Value, s.place(c.Space, c.Key))
		}
		sealed[i] = c
	}
	return sealed, nil
}

// open unseals records.
func (s *safe) open(ctx context.Context, space string, sealed []core.SealedRecord) ([]core.Record, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	key, err := s.aead(ctx, false)
	if err != nil {
		return nil, err
	}
	all := make([]core.Record, len(sealed))
	for i, r := range sealed {
		head := 1 + key.NonceSize()
		if len(r.Box) < head || r.Box[0] != recordForm {
			return nil, fmt.Errorf("safe: %s/%s is no sealed record", space, r.Key)
		}
		value, err := key.Open([]byte{}, r.Box[1:head], r.Box[head:], s.place(space, r.Key))
		if err != nil {
			return nil, fmt.Errorf("safe: %s/%s does not open: it was sealed for another place, or was changed", space, r.Key)
		}
		all[i] = core.Record{Key: r.Key, Value: value}
	}
	return all, nil
}

// place is bound into a record, so that it opens in no other.
func (s *safe) place(space, key string) []byte {
	return []byte(string(s.h.channel.Workspace) + "/" + string(s.h.channel.ID) + "/" + space + "/" + key)
}

var errNoKey = errors.New("there is none")

// aead returns the channel's own key, made where it is missing if it is to be.
func (s *safe) aead(ctx context.Context, create bool) (cipher.AEAD, error) {
	s.mu.Lock()
	key := s.key
	s.mu.Unlock()
	if key != nil {
		return key, nil
	}
	raw, err := s.readKey(ctx)
	if errors.Is(err, errNoKey) && create {
		if err = s.makeKey(ctx); err == nil {
			raw, err = s.readKey(ctx) // another may have been quicker
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key of the channel's safe: %w", err)
	}
	block, err := aes.NewCipher([]byte(raw.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("key of the channel's safe: %w", err)
	}
	if key, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
	return key, nil
}

func (s *safe) readKey(ctx context.Context) (core.Secret, error) {
	all, err := s.repo().Secrets(ctx, safeOwner(s.h.channel.ID))
	if err != nil {
		return core.Secret{}, err
	}
	for _, box := range all {
		if box.Name != keyName {
			continue
		}
		key, err := s.h.m.Vault.Open(box.Box, box.Context())
		if err != nil {
			p := core.Problemf(core.CodeUnavailable, "The keys of the channel %q cannot be opened.", s.h.channel.Name).
				Remedied("Start with the master key they were sealed with; without it, the channel must be paired anew.")
			p.Err = err
			return core.Secret{}, p
		}
		return key, nil
	}
	return core.Secret{}, errNoKey
}

func (s *safe) makeKey(ctx context.Context) error {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // it never fails
	box := core.SealedSecret{Workspace: s.h.channel.Workspace, Owner: safeOwner(s.h.channel.ID), Name: keyName, Set: s.h.Now()}
	var err error
	if box.Box, err = s.h.m.Vault.Seal(core.NewSecret(string(raw)), box.Context()); err != nil {
		return err
	}
	_, err = s.repo().AddSecret(ctx, box)
	return err
}
