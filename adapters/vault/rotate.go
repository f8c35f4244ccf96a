package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"causeway/core"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// rounds bounds how often Rotate looks for secrets that were set while it ran.
const rounds = 10

// errMoved says that a secret is no longer what was listed: an admin set it anew meanwhile.
var errMoved = errors.New("secret was set anew")

// Rotate seals every secret with a new master key and returns how many it sealed anew. It may be interrupted at any point: the old keys stay in
// the file until no box needs them, and the next call goes on where this one ended. Other processes may go on working; of two rotations at once the second is refused.
func (v Vault) Rotate(ctx context.Context, store core.Store) (n int, err error) {
	unlock, err := lock(filepath.Dir(v.Path()))
	if err != nil {
		return 0, err
	}
	defer unlock()
	if err := v.beginRotation(); err != nil {
		return 0, err
	}
	for range rounds {
		stale, err := v.stale(ctx, store)
		if err != nil {
			return n, err
		}
		if len(stale) == 0 {
			return n, v.endRotation()
		}
		for _, s := range stale {
			switch err := v.reseal(ctx, store, s); {
			case errors.Is(err, errMoved): // the next round looks at it
			case err != nil:
				return n, err
			default:
				n++
			}
		}
	}
	return n, core.Problemf(core.CodeConflict, "Secrets keep being set while they are sealed anew.").Remedied("Run causeway key rotate again when that is done.")
}

// beginRotation adds a new primary key, unless an interrupted rotation has done so.
func (v Vault) beginRotation() error {
	if err := v.reload(); err != nil {
		return err
	}
	k := v.current()
	if k.doc.Rotating {
		return nil
	}
	m := keyset.NewManagerFromHandle(k.handle)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("add master key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return fmt.Errorf("make new master key the primary: %w", err)
	}
	return v.replace(k, m, true)
}

// endRotation takes out all keys but the primary.
func (v Vault) endRotation() error {
	k := v.current()
	m := keyset.NewManagerFromHandle(k.handle)
	for _, id := range k.ids {
		if id == k.primary {
			continue
		}
		if err := m.Delete(id); err != nil {
			return fmt.Errorf("take out old master key: %w", err)
		}
	}
	return v.replace(k, m, false)
}

// replace writes the keys of m over those that were read.
func (v Vault) replace(was keys, m *keyset.Manager, rotating bool) error {
	handle, err := m.Handle()
	if err != nil {
		return fmt.Errorf("new keyset: %w", err)
	}
	doc := was.doc
	doc.Rotating = rotating
	if err := doc.put(handle); err != nil {
		return err
	}
	if err := writeFile(v.s().path, doc, was.file); err != nil {
		return err
	}
	return v.reload()
}

// stale lists what is not sealed with the primary key.
func (v Vault) stale(ctx context.Context, store core.Store) ([]core.SealedSecret, error) {
	all, err := store.SealedSecrets(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sealed secrets: %w", err)
	}
	var stale []core.SealedSecret
	for _, s := range all {
		if id, err := keyOf(s.Box); err != nil || id != v.current().primary {
			stale = append(stale, s)
		}
	}
	return stale, nil
}

// reseal replaces one box, unless it was set anew since it was listed.
func (v Vault) reseal(ctx context.Context, store core.Store, s core.SealedSecret) error {
	value, err := v.Open(s.Box, s.Context())
	if err != nil {
		return &core.Problem{Code: core.CodeUnavailable, Err: err,
			Detail: fmt.Sprintf("The secret %q of %s cannot be opened with this master key, so that it cannot be sealed anew.", s.Name, s.Owner),
			Remedy: "Set it anew with causeway apply, then run causeway key rotate again; until then the old keys stay in use."}
	}
	listed := s.Box
	if s.Box, err = v.Seal(value, s.Context()); err != nil {
		return err
	}
	return store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(s.Workspace)
		there, err := repo.Secrets(ctx, s.Owner)
		if err != nil {
			return fmt.Errorf("read secret to seal anew: %w", err)
		}
		for _, t := range there {
			if t.Name == s.Name && bytes.Equal(t.Box, listed) {
				return repo.PutSecret(ctx, s)
			}
		}
		return errMoved
	})
}
