package core

import (
	"context"
	"errors"
	"testing"
)

// lostRace is a ledger in which another transaction enters a part between the look and the insert.
type lostRace struct{ Repo }

func (lostRace) Ledger(context.Context, string, string) ([]LedgerEntry, error) { return nil, nil }

func (lostRace) AddToLedger(context.Context, LedgerEntry) (bool, error) { return false, nil }

func TestEnterThatIsTooLate(t *testing.T) {
	ch := Channel{ID: "api", Number: "447700900123", Twin: "phone"}
	err := Enter(t.Context(), lostRace{}, ch, Part{ID: "p", Stanza: "3EB0"}, Sight{How: SightSend})
	if !errors.Is(err, ErrDuplicate) {
		t.Errorf("got %v, want one that says that it is there already", err)
	}
}
