package gormstore_test

import (
	"fmt"
	"slices"
	"testing"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
)

// TestSettingsOfAnotherProcess: when a change of settings has returned, another process that asks for them all the time goes by it.
func TestSettingsOfAnotherProcess(t *testing.T) {
	freshstore.Both(t, func(t *testing.T, address string) {
		open := func() *gormstore.Store {
			s, err := gormstore.Open(t.Context(), address, gormstore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return s
		}
		one, other := open(), open()
		ws, err := one.EnsureWorkspace(t.Context(), "main")
		if err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		reads := func() (string, []string) {
			value, err := one.In(ws).Value(t.Context(), core.AutomationOwner, "hours")
			must(err)
			var names []string
			must(one.Tx(t.Context(), func(tx core.Tx) (err error) { names, err = tx.In(ws).Automation(t.Context()); return err }))
			return string(value), names
		}
		for i := range 5 {
			reads()
			name := fmt.Sprint("n", i)
			must(other.In(ws).SetValue(t.Context(), core.AutomationOwner, "hours", []byte(name)))
			if got, names := reads(); got != name || !slices.Contains(names, "hours") {
				t.Errorf("change %d: the other process goes by %q of %q", i, got, names)
			}
			must(other.Tx(t.Context(), func(tx core.Tx) error {
				return tx.In(ws).SetValue(t.Context(), core.AutomationOwner, name, []byte("1"))
			}))
			if _, names := reads(); !slices.Contains(names, name) {
				t.Errorf("transaction %d: the other process knows of %q", i, names)
			}
		}
	})
}
