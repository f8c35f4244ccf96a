package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"testing"

	"causeway/core"
)

// memory is a store of sealed secrets only. Before each write it asks put, which may fail or change the store.
type memory struct {
	core.Store
	rows []core.SealedSecret
	put  func(core.SealedSecret) error
}

type memoryRepo struct {
	core.Repo
	m *memory
}

type memoryTx struct {
	core.Tx
	m *memory
}

func (m *memory) In(core.WorkspaceID) core.Repo                     { return memoryRepo{m: m} }
func (t memoryTx) In(core.WorkspaceID) core.Repo                    { return memoryRepo{m: t.m} }
func (m *memory) Tx(_ context.Context, f func(core.Tx) error) error { return f(memoryTx{m: m}) }
func (m *memory) SealedSecrets(context.Context) ([]core.SealedSecret, error) {
	return append([]core.SealedSecret(nil), m.rows...), nil
}

func (r memoryRepo) Secrets(_ context.Context, owner string) (all []core.SealedSecret, err error) {
	for _, s := range r.m.rows {
		if s.Owner == owner {
			all = append(all, s)
		}
	}
	return all, nil
}

func (r memoryRepo) PutSecret(_ context.Context, s core.SealedSecret) error {
	if r.m.put != nil {
		if err := r.m.put(s); err != nil {
			return err
		}
	}
	for i, t := range r.m.rows {
		if t.Owner == s.Owner && t.Name == s.Name {
			r.m.rows[i] = s
			return nil
		}
	}
	r.m.rows = append(r.m.rows, s)
	return nil
}

func filled(t *testing.T, v *Vault, n int) *memory {
	t.Helper()
	m := &memory{}
	for i := range n {
		m.set(t, v, i, fmt.Sprint("value ", i))
	}
	return m
}

func (m *memory) set(t *testing.T, v *Vault, i int, value string) {
	t.Helper()
	s := core.SealedSecret{Workspace: "w", Owner: fmt.Sprint("channel/", i), Name: "access_token"}
	box, err := v.Seal(core.NewSecret(value), s.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Box = box
	for j := range m.rows {
		if m.rows[j].Owner == s.Owner {
			m.rows[j] = s
			return
		}
	}
	m.rows = append(m.rows, s)
}

func (m *memory) check(t *testing.T, v *Vault) {
	t.Helper()
	for i, s := range m.rows {
		got, err := v.Open(s.Box, s.Context())
		if err != nil || got.Reveal() != fmt.Sprint("value ", i) {
			t.Errorf("secret %d: got %q, %v", i, got.Reveal(), err)
		}
	}
}

func keysIn(v *Vault) int { return len(v.current().ids) }

func TestRotate(t *testing.T) {
	v := create(t)
	m := filled(t, v, 5)
	running, err := Open(v.Path()) // as another process, started before
	if err != nil {
		t.Fatal(err)
	}
	derived, before := v.Derive("p"), v.current().primary
	n, err := v.Rotate(t.Context(), m)
	if err != nil || n != 5 {
		t.Fatalf("got %d, %v; want 5", n, err)
	}
	if keysIn(v) != 1 || v.current().primary == before {
		t.Error("the old key is still there")
	}
	if !bytes.Equal(v.Derive("p"), derived) {
		t.Error("rotation changed a derived key")
	}
	m.check(t, v)
	m.check(t, running)
	box, err := running.Seal(core.NewSecret("x"), "c")
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := keyOf(box); id != v.current().primary {
		t.Error("the other process seals with a key that is gone")
	}
}

func TestRotateWithNothingSealed(t *testing.T) {
	v := create(t)
	if n, err := v.Rotate(t.Context(), &memory{}); n != 0 || err != nil || keysIn(v) != 1 {
		t.Errorf("got %d, %v, %d keys", n, err, keysIn(v))
	}
}

func TestRotateKilledInTheMiddle(t *testing.T) {
	killed := errors.New("killed")
	for at := range 5 {
		t.Run(fmt.Sprint("after ", at), func(t *testing.T) {
			v := create(t)
			m := filled(t, v, 5)
			done := 0
			m.put = func(core.SealedSecret) error {
				if done == at {
					return killed
				}
				done++
				return nil
			}
			if _, err := v.Rotate(t.Context(), m); !errors.Is(err, killed) {
				t.Fatalf("got %v, want %v", err, killed)
			}
			again, err := Open(v.Path()) // the process is started anew
			if err != nil {
				t.Fatal(err)
			}
			m.put = nil
			m.check(t, again)
			primary := again.current().primary
			n, err := again.Rotate(t.Context(), m)
			if err != nil || n != 5-at {
				t.Fatalf("got %d, %v; want %d", n, err, 5-at)
			}
			if again.current().primary != primary || keysIn(again) != 1 {
				t.Error("the second call must finish the first, not start another")
			}
			m.check(t, again)
		})
	}
}

func TestRotateWhileASecretIsSetAnew(t *testing.T) {
	v := create(t)
	m := filled(t, v, 2)
	before := v.current()
	if err := v.beginRotation(); err != nil {
		t.Fatal(err)
	}
	stale := m.rows[1]
	box, err := before.seal.Encrypt([]byte("value 1"), []byte(stale.Context())) // by another process, with the old key still
	if err != nil {
		t.Fatal(err)
	}
	m.rows[1].Box = append([]byte{boxVersion}, box...)
	if err := v.reseal(t.Context(), m, stale); !errors.Is(err, errMoved) {
		t.Fatalf("got %v: what was set anew must not be overwritten with what was listed", err)
	}
	if n, err := v.Rotate(t.Context(), m); err != nil || n != 2 {
		t.Fatalf("got %d, %v", n, err)
	}
	m.check(t, v)
}

func TestRotateKeepsOldKeysForWhatItCannotOpen(t *testing.T) {
	v := create(t)
	m := filled(t, v, 2)
	m.rows[0].Owner = "channel/other"
	_, err := v.Rotate(t.Context(), m)
	var p *core.Problem
	if !errors.As(err, &p) || p.Remedy == "" {
		t.Fatalf("got %v, want a problem with a remedy", err)
	}
	if keysIn(v) != 2 {
		t.Errorf("%d keys; the old one must stay", keysIn(v))
	}
}

func TestRotateTwiceAtOnce(t *testing.T) {
	v := create(t)
	m := filled(t, v, 1)
	var second error
	m.put = func(core.SealedSecret) error {
		other, err := Open(v.Path())
		if err != nil {
			return err
		}
		_, second = other.Rotate(t.Context(), m)
		return nil
	}
	if _, err := v.Rotate(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if core.CodeOf(second) != core.CodeConflict {
		t.Errorf("got %v, want the second refused", second)
	}
	m.check(t, v)
}

// TestRotateKeepsOwnerAndMode: root rotates the key of a gateway that runs as another user, which goes on reading it.
func TestRotateKeepsOwnerAndMode(t *testing.T) {
	v := create(t)
	if err := os.Chmod(v.Path(), 0o640); err != nil {
		t.Skip(err)
	}
	const somebody = 12345
	root := os.Chown(v.Path(), somebody, somebody) == nil // else our own file is all that we can try
	if _, err := v.Rotate(t.Context(), &memory{}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(v.Path())
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %04o now", info.Mode().Perm())
	}
	if root && fmt.Sprint(reflect.ValueOf(info.Sys()).Elem().FieldByName("Uid")) != "12345" {
		t.Errorf("the file is not that user's any more: %+v", info.Sys())
	}
}
