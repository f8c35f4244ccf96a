package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"causeway/core"

	"pgregory.net/rapid"
)

func create(t *testing.T) *Vault {
	t.Helper()
	v, err := Create(filepath.Join(t.TempDir(), "keys", "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSealOpens(t *testing.T) {
	v := create(t)
	rapid.Check(t, func(t *rapid.T) {
		value, where := rapid.String().Draw(t, "value"), rapid.String().Draw(t, "context")
		box, err := v.Seal(core.NewSecret(value), where)
		if err != nil {
			t.Fatal(err)
		}
		if len(value) > 3 && bytes.Contains(box, []byte(value)) {
			t.Fatal("the value stands in its box")
		}
		got, err := v.Open(box, where)
		if err != nil || got.Reveal() != value {
			t.Fatalf("got %q, %v; want %q", got.Reveal(), err, value)
		}
		if _, err := v.Open(box, where+"x"); err == nil {
			t.Fatal("the box opened for another context")
		}
		at := rapid.IntRange(0, len(box)-1).Draw(t, "byte")
		box[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := v.Open(box, where); err == nil {
			t.Fatalf("the box opened though byte %d was changed", at)
		}
	})
}

func TestOpenRefusesWhatIsNoBox(t *testing.T) {
	v := create(t)
	for _, box := range [][]byte{nil, {}, {1}, []byte("short"), bytes.Repeat([]byte{1}, 12), bytes.Repeat([]byte{0xff}, 200)} {
		if _, err := v.Open(box, "c"); err == nil {
			t.Errorf("%x opened", box)
		}
	}
}

func TestBoxOfAnotherVault(t *testing.T) {
	box, err := create(t).Seal(core.NewSecret("s"), "c")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := create(t).Open(box, "c"); err == nil {
		t.Error("a box opened in a vault with another key")
	}
}

func FuzzOpen(f *testing.F) {
	v, err := Create(filepath.Join(f.TempDir(), "master.key"))
	if err != nil {
		f.Fatal(err)
	}
	box, err := v.Seal(core.NewSecret("value"), "context")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(box[:len(box)-1])
	f.Add([]byte{1, 0, 0, 0, 5, 1})
	f.Fuzz(func(t *testing.T, other []byte) {
		if _, err := v.Open(other, "context"); err == nil && !bytes.Equal(other, box) {
			t.Error("a made-up box opened")
		}
	})
}

func TestFile(t *testing.T) {
	v := create(t)
	info, err := os.Stat(v.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(v.Path()), ".master-key-*"))
	if len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
	if _, err := Create(v.Path()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create over a key: got %v, want that it exists", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	write := func(content string, mode os.FileMode) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := []struct {
		name string
		make func(t *testing.T, path string)
		want string
	}{
		{"no file", func(*testing.T, string) {}, "Put back the copy that you kept apart"},
		{"world readable", write("{}", 0o604), "chmod 600"},
		{"group may write", write("{}", 0o660), "chmod 600"},
		{"empty", write("", 0o600), "damaged"},
		{"not JSON", write("key", 0o600), "damaged"},
		{"other JSON", write(`{"a":1}`, 0o600), "damaged"},
		{"newer version", write(`{"causeway_master_key":2,"derive":"","keyset":{}}`, 0o600), "damaged"},
		{"no keyset", write(`{"causeway_master_key":1,"derive":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","keyset":{}}`, 0o600), "damaged"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(c.want, "chmod") {
				t.Skip("no file modes here")
			}
			path := filepath.Join(t.TempDir(), "master.key")
			c.make(t, path)
			_, err := Open(path)
			var p *core.Problem
			if !errors.As(err, &p) || !strings.Contains(p.Error(), c.want) || p.Remedy == "" {
				t.Errorf("got %v, want a problem with %q and a remedy", err, c.want)
			}
		})
	}
}

func TestOpenOrCreateAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	var wg sync.WaitGroup
	derived, made := make([][]byte, 8), make([]bool, 8)
	for i := range derived {
		wg.Go(func() {
			v, isNew, err := OpenOrCreate(path)
			if err != nil {
				t.Error(err)
				return
			}
			derived[i], made[i] = v.Derive("x"), isNew
		})
	}
	wg.Wait()
	first := 0
	for i := range derived {
		if !bytes.Equal(derived[i], derived[0]) {
			t.Error("two keys were made")
		}
		if made[i] {
			first++
		}
	}
	if first != 1 {
		t.Errorf("%d say that they made the key, want 1", first)
	}
}

func TestDerive(t *testing.T) {
	v := create(t)
	a, b := v.Derive("reply tokens"), v.Derive("media links")
	again, err := Open(v.Path())
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != 32 || bytes.Equal(a, b) || !bytes.Equal(a, again.Derive("reply tokens")) {
		t.Error("derived keys must be 32 bytes, differ by purpose, and stay the same")
	}
}

func TestNothingPrints(t *testing.T) {
	v := create(t)
	raw, err := os.ReadFile(v.Path())
	if err != nil {
		t.Fatal(err)
	}
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	var set struct {
		Key []struct{ KeyData struct{ Value string } }
	}
	if err := json.Unmarshal(doc.Keyset, &set); err != nil || len(set.Key) != 1 || len(set.Key[0].KeyData.Value) < 40 {
		t.Fatalf("keyset not understood: %v", err)
	}
	holders := []any{v, *v, struct{ v *Vault }{v}, struct{ v Vault }{*v}, struct{ V core.Vault }{v}, []Vault{*v}}
	for _, h := range holders {
		for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%s", "%x", "%q"} {
			text := fmt.Sprintf(verb, h)
			if strings.Contains(text, set.Key[0].KeyData.Value) || strings.Contains(text, "Derive") || len(text) > 200 {
				t.Errorf("%s of %T prints %q", verb, h, text)
			}
		}
		if js, err := json.Marshal(h); err == nil && len(js) > 20 {
			t.Errorf("JSON of %T is %s", h, js)
		}
	}
}
