package vault

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"

	"causeway/core"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

const (
	boxVersion = 1
	idAt       = 1 + 4 + 1 // behind the version, the length and tink's own prefix byte
)

// Vault seals and opens secrets. It may be used from many goroutines. However it is printed, nothing of the keys shows.
type Vault struct{ s func() *state }

var _ core.Vault = (*Vault)(nil)

// of hides the state in a function. A pointer would not do: fmt follows it for an unexported field under a verb that does not fit.
func of(s *state) *Vault { return &Vault{func() *state { return s }} }

type state struct {
	path string
	mu   sync.RWMutex
	keys keys
}

// keys is what the file held when it was read last.
type keys struct {
	doc     document
	file    os.FileInfo
	handle  *keyset.Handle
	ids     []uint32
	primary uint32
	seal    *aead.KMSEnvelopeAEAD
}

// Open reads the master key file. It never makes one: with a new key, what is sealed already would be lost unnoticed.
func Open(path string) (*Vault, error) {
	v := of(&state{path: path})
	return v, v.reload()
}

// Create makes a new master key file with mode 0600 and opens it. It fails with an error that is fs.ErrExist where there is one.
func Create(path string) (*Vault, error) {
	d, err := fresh()
	if err != nil {
		return nil, err
	}
	if err := writeFile(path, d, nil); err != nil {
		return nil, err
	}
	return Open(path)
}

// OpenOrCreate opens the file, or makes it where there is none. Of two processes that start at once both get the same key. Call it only where
// nothing is sealed yet; made says that the key is new.
func OpenOrCreate(path string) (v *Vault, made bool, err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		v, err := Open(path)
		return v, false, err
	}
	v, err = Create(path)
	if errors.Is(err, fs.ErrExist) {
		v, err = Open(path)
		return v, false, err
	}
	return v, err == nil, err
}

// Seal implements core.Vault.
func (v Vault) Seal(value core.Secret, context string) ([]byte, error) {
	if err := v.refresh(); err != nil {
		return nil, err
	}
	box, err := v.current().seal.Encrypt([]byte(value.Reveal()), []byte(context))
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return append([]byte{boxVersion}, box...), nil
}

// Open implements core.Vault. A box of another key, context or content does not open, and the error does not say which.
func (v Vault) Open(box []byte, context string) (core.Secret, error) {
	id, err := keyOf(box)
	if err != nil {
		return core.Secret{}, err
	}
	k := v.current()
	if !slices.Contains(k.ids, id) { // another process may have rotated
		if err := v.reload(); err != nil {
			return core.Secret{}, err
		}
		k = v.current()
	}
	value, err := k.seal.Decrypt(box[1:], []byte(context))
	if err != nil {
		return core.Secret{}, errors.New("the box does not open: it was sealed with another key, for another place, or was changed")
	}
	return core.NewSecret(string(value)), nil
}

// Derive returns 32 bytes for a purpose ("reply tokens", "media links"), always the same for the same purpose and master key file, and not
// changed by a rotation. From one purpose's bytes nothing can be told about another's.
func (v Vault) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, v.current().doc.Derive, []byte("causeway"), purpose, 32)
	if err != nil {
		panic("derive key: " + err.Error()) // only for a length that HKDF cannot make
	}
	return key
}

// Path tells where the master key file is.
func (v Vault) Path() string { return v.s().path }

func (v Vault) String() string             { return hidden }
func (v Vault) GoString() string           { return hidden }
func (v Vault) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

const hidden = "[vault]"

func (v Vault) current() keys {
	v.s().mu.RLock()
	defer v.s().mu.RUnlock()
	return v.s().keys
}

// refresh reads the file again if it was replaced since.
func (v Vault) refresh() error {
	info, err := os.Stat(v.s().path)
	if err != nil {
		return unreadable(v.s().path, err)
	}
	was := v.current().file
	if os.SameFile(was, info) && was.ModTime().Equal(info.ModTime()) {
		return nil
	}
	return v.reload()
}

func (v Vault) reload() error {
	v.s().mu.Lock()
	defer v.s().mu.Unlock()
	doc, info, err := readFile(v.s().path)
	if err != nil {
		return err
	}
	k, err := open(doc, info)
	if err != nil {
		return broken(v.s().path, err)
	}
	v.s().keys = k
	return nil
}

func open(doc document, info os.FileInfo) (keys, error) {
	handle, err := doc.handle()
	if err != nil {
		return keys{}, err
	}
	wrap, err := aead.New(handle)
	if err != nil {
		return keys{}, err
	}
	k := keys{doc: doc, file: info, handle: handle, seal: aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), wrap)}
	for _, key := range handle.KeysetInfo().GetKeyInfo() {
		k.ids = append(k.ids, key.GetKeyId())
	}
	k.primary = handle.KeysetInfo().GetPrimaryKeyId()
	return k, nil
}

// keyOf returns the id of the master key that a box was sealed with.
func keyOf(box []byte) (uint32, error) {
	if len(box) < idAt+4 || box[0] != boxVersion {
		return 0, errors.New("this is no box of the vault")
	}
	return binary.BigEndian.Uint32(box[idAt:]), nil
}
