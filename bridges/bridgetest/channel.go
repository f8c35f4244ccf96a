package bridgetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"causeway/core"
)

// With returns settings with some values changed: pairs of a key and its value. What is a secret there stays one.
func With(s core.Settings, pairs ...string) core.Settings {
	out := core.Settings{Values: maps.Clone(s.Values), Secrets: maps.Clone(s.Secrets)}
	if out.Values == nil {
		out.Values = map[string]string{}
	}
	for pair := range slices.Chunk(pairs, 2) {
		key, value := pair[0], pair[1]
		if _, secret := out.Secrets[key]; secret {
			out.Secrets[key] = core.NewSecret(value)
		} else {
			out.Values[key] = value
		}
	}
	return out
}

// Channel is a channel of the bridge's, for the account that the settings name.
func Channel(b core.Bridge, s core.Settings) core.Channel {
	i := b.Info()
	return core.Channel{ID: "0199-channel", Kind: i.Kind, Name: "shop", Account: s.Get(i.Account)}
}

// Open opens a channel of the bridge's as its own type of link, with settings changed by the pairs given.
func Open[L core.Link](t testing.TB, b core.Bridge, h core.Host, good core.Settings, pairs ...string) L {
	t.Helper()
	s := With(good, pairs...)
	l, err := b.Open(Channel(b, s), s, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.(L)
}

// Refused wants a channel with one setting changed to be refused, with a Problem that names the setting and a remedy, and shows no secret.
func Refused(t testing.TB, b core.Bridge, good core.Settings, key, value string) {
	t.Helper()
	s := With(good, key, value)
	_, err := b.Open(Channel(b, s), s, NewHost(t))
	var p *core.Problem
	if !errors.As(err, &p) || p.Field != key || p.Detail == "" || p.Remedy == "" {
		t.Fatalf("got %v, want a Problem about %q with a remedy", err, key)
	}
	if leaked := Leaks(s, err, *p); len(leaked) > 0 {
		t.Errorf("the refusal shows %v", leaked)
	}
}

// Received hands a call to a link that must take it, and returns what it tells.
func Received(t testing.TB, l core.WebhookLink, r core.WebhookRequest) []core.Event {
	t.Helper()
	_, events, err := l.Receive(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// Fixture reads a file of the shared fixtures. The test is skipped, saying so, where these are absent.
func Fixture(t testing.TB, path ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the shared fixtures are not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// SameJSON compares what was sent with what should have been, whatever the order of their members.
func SameJSON(t testing.TB, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal([]byte(want), &w)); err != nil {
		t.Fatalf("%v in %s", err, want)
	}
	if fmt.Sprint(g) != fmt.Sprint(w) {
		t.Errorf("sent\n%s, want\n%s", got, want)
	}
}
