package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"causeway/core"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

const (
	fileVersion = 1
	deriveBytes = 32
	maxFile     = 1 << 20
)

// document is the master key file.
type document struct {
	Version  int             `json:"causeway_master_key"`
	Rotating bool            `json:"rotating,omitempty"` // a rotation has begun and not ended
	Derive   []byte          `json:"derive"`
	Keyset   json.RawMessage `json:"keyset"`
}

// fresh makes a document with one new key.
func fresh() (document, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return document{}, fmt.Errorf("make master key: %w", err)
	}
	d := document{Version: fileVersion, Derive: make([]byte, deriveBytes)}
	_, _ = rand.Read(d.Derive)
	return d, d.put(handle)
}

func (d *document) put(handle *keyset.Handle) error {
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&b)); err != nil {
		return fmt.Errorf("write keyset: %w", err)
	}
	d.Keyset = b.Bytes()
	return nil
}

func (d document) handle() (*keyset.Handle, error) {
	return insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(d.Keyset)))
}

// readFile reads the master key file and refuses one that others may read.
func readFile(path string) (document, os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return document{}, nil, unreadable(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return document{}, nil, unreadable(path, err)
	}
	if err := private(path, info); err != nil {
		return document{}, nil, err
	}
	if info.Size() > maxFile {
		return document{}, nil, broken(path, errors.New("too large"))
	}
	var d document
	if err := json.NewDecoder(f).Decode(&d); err != nil {
		return document{}, nil, broken(path, err)
	}
	if d.Version != fileVersion || len(d.Derive) != deriveBytes {
		return document{}, nil, broken(path, fmt.Errorf("version %d, %d bytes to derive from", d.Version, len(d.Derive)))
	}
	return d, info, nil
}

// private refuses a file that everybody may read or that others than its owner may change. Its group may read: so container platforms hand
// secrets out.
func private(path string, info os.FileInfo) error {
	if runtime.GOOS == "windows" || info.Mode().Perm()&0o027 == 0 {
		return nil
	}
	return core.Problemf(core.CodeForbidden, "The master key file %s is open to other users of this machine (mode %04o).", path, info.Mode().Perm()).
		Remedied("Run: chmod 600 %s. If others had access to this machine, run causeway key rotate afterwards.", path)
}

func unreadable(path string, err error) error {
	p := core.Problem{Code: core.CodeUnavailable, Err: err, Detail: fmt.Sprintf("The master key file %s cannot be read: %v.", path, cause(err)),
		Remedy: "Check the owner of the file, and that it is the user Causeway runs as."}
	if errors.Is(err, fs.ErrNotExist) {
		p.Detail = fmt.Sprintf("There is no master key file at %s.", path)
		p.Remedy = "Put back the copy that you kept apart from the backups, or name its place in master_key_file (CAUSEWAY_MASTER_KEY_FILE)."
	}
	return &p
}

func broken(path string, err error) error {
	return &core.Problem{Code: core.CodeInvalid, Err: err, Detail: fmt.Sprintf("The file %s is not a master key file, or is damaged.", path),
		Remedy: "Put back the copy that you kept apart from the backups, or name the right file in master_key_file (CAUSEWAY_MASTER_KEY_FILE)."}
}

// cause strips the path that the sentence names already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// writeFile makes the document durable before it returns. Old is the file that it replaces; with nil it leaves a file that is there alone and returns
// fs.ErrExist.
func writeFile(path string, d document, old os.FileInfo) error {
	raw, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("encode master key file: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make folder of the master key file: %w", err)
	}
	temp, err := writeTemp(dir, append(raw, '\n'))
	if err != nil {
		return fmt.Errorf("write master key file: %w", err)
	}
	defer func() { _ = os.Remove(temp) }() // after a rename it is gone already
	if err := place(temp, path, old); err != nil {
		return fmt.Errorf("put master key file in its place: %w", err)
	}
	return syncDir(dir)
}

// place gives the file its name. Making a link fails where there is one already; a file system without links gets the rename that it can do.
func place(temp, path string, old os.FileInfo) error {
	if old != nil {
		if err := inherit(temp, old); err != nil {
			return err
		}
		return os.Rename(temp, path)
	}
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(temp, path)
}

func writeTemp(dir string, raw []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, ".master-key-*") // made with mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return f.Name(), err
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
