package core

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// ImportLink is a Link whose provider hands over what was there before the channel, once, and only when asked in time.
type ImportLink interface {
	// Imports names what may be asked for now, in the order in which to ask. It is empty where the account has nothing to hand over. A Problem says
	// what must be set right before it makes sense to ask.
	Imports(ctx context.Context) ([]ImportKind, error)
	// Import asks for one of them and says how it stands then. It is the caller who sees to it that nobody asks twice. An error is a *SendError: what
	// was Rejected may be asked for again later; after Unknown nobody knows whether it was asked for.
	Import(ctx context.Context, what ImportKind) (Import, error)
}

// ImportKind is something that a provider hands over once.
type ImportKind string

const (
	ImportContacts ImportKind = "contacts" // the address book of the business's own phone
	ImportHistory  ImportKind = "history"
)

// ImportKinds are all of them, in the order in which they are shown.
func ImportKinds() []ImportKind { return []ImportKind{ImportContacts, ImportHistory} }

// ImportState is how an import stands.
type ImportState string

const (
	ImportWanted    ImportState = ""          // to be asked for
	ImportAsking    ImportState = "asking"    // the question is on its way
	ImportUnknown   ImportState = "unknown"   // nobody knows whether the question arrived; a second one would spoil the first
	ImportRefused   ImportState = "refused"   // the provider will not
	ImportLate      ImportState = "late"      // the time to ask is over
	ImportUsedUp    ImportState = "used-up"   // it was asked for before
	ImportRequested ImportState = "requested" // granted; nothing has come yet
	ImportReceiving ImportState = "receiving"
	ImportDeclined  ImportState = "declined" // the business did not want to share it
	ImportDone      ImportState = "done"
)

// Import is one import of a channel.
type Import struct {
	What    ImportKind  `json:"what"`
	State   ImportState `json:"state"`
	Request string      `json:"request_id,omitempty"` // the provider's id of the question
	Percent int         `json:"percent,omitempty"`    // by the provider's word
	Reason  string      `json:"reason,omitempty"`
	Remedy  string      `json:"remedy,omitempty"`
	Round   int         `json:"round,omitempty"` // counts how often the account was given to us
	Asked   time.Time   `json:"asked_at,omitzero"`
	Changed time.Time   `json:"changed_at,omitzero"`
	Heard   time.Time   `json:"heard_at,omitzero"` // the newest news of it, by the provider's clock
	Over    time.Time   `json:"over_at,omitzero"`  // when the account was last taken from us, by the provider's clock: what is older counts no more
}

// order is how far an import has come: what comes in says more than what was answered.
func (s ImportState) order() int {
	for i, one := range []ImportState{ImportWanted, ImportAsking, ImportUnknown, ImportRefused, ImportLate, ImportUsedUp, ImportRequested, ImportReceiving, ImportDeclined, ImportDone} {
		if s == one {
			return i
		}
	}
	return 0
}

// Advance is the import with news of it. Nothing goes back: news come in any order.
func (i Import) Advance(news Import, now time.Time) Import {
	before := i
	if news.State.order() > i.State.order() {
		i.State, i.Reason, i.Remedy = news.State, news.Reason, news.Remedy
	}
	i.Percent = max(i.Percent, news.Percent)
	if i.Request == "" {
		i.Request = news.Request
	}
	if i != before {
		i.Changed = now
	}
	return i
}

// Anew is the import to be asked for once more, of an account that was given to us again.
func (i Import) Anew(now time.Time) Import {
	return Import{What: i.What, Round: i.Round + 1, Changed: now, Over: i.Over}
}

// String says in some words how it stands.
func (i Import) String() string {
	switch i.State {
	case ImportWanted:
		return "not asked for yet"
	case ImportAsking, ImportRequested:
		return "asked for"
	case ImportUnknown:
		return "asked for, without an answer"
	case ImportReceiving:
		return fmt.Sprintf("%d %% here", i.Percent)
	case ImportLate:
		return "asked for too late"
	case ImportUsedUp:
		return "asked for before"
	default:
		return string(i.State)
	}
}

// Finding is how it stands, as the doctor says it now.
func (i Import) Finding(now time.Time) Finding {
	f := Finding{Subject: "import of " + string(i.What), Level: HealthGood, Detail: strings.ToUpper(i.String()[:1]) + i.String()[1:] + ".", Remedy: i.Remedy}
	if i.Reason != "" {
		f.Detail = i.Reason
	}
	if (i.State == ImportRequested || i.State == ImportReceiving) && now.Sub(i.Changed) > importSilence {
		f.Detail += " Nothing has come of it for more than a day."
		f.Remedy = "See that webhooks come in and that the fields for contacts and history are switched on. What does not come now must be asked for anew: disconnect the number in the app and connect it again."
	}
	if f.Remedy != "" {
		f.Level = HealthWarning
	}
	return f
}

// importSilence is how long nothing may come of what was asked for before somebody should look.
const importSilence = 24 * time.Hour

// ImportOwner is the owner of the values that say how the imports of a channel stand.
func ImportOwner(ch ChannelID) string { return "channel/" + string(ch) + "/import" }

// ReadImport returns how an import of a channel stands.
func ReadImport(ctx context.Context, repo Repo, ch ChannelID, what ImportKind) (Import, error) {
	i := Import{What: what}
	raw, err := repo.Value(ctx, ImportOwner(ch), string(what))
	if err == nil && raw != nil {
		err = json.Unmarshal(raw, &i)
	}
	if err != nil {
		return i, fmt.Errorf("how the import of %s stands: %w", what, err)
	}
	return i, nil
}

// Imports returns how those imports of a channel stand that were ever asked for.
func Imports(ctx context.Context, repo Repo, ch ChannelID) ([]Import, error) {
	var all []Import
	for _, what := range ImportKinds() {
		i, err := ReadImport(ctx, repo, ch, what)
		if err != nil {
			return nil, err
		}
		if i.State != ImportWanted {
			all = append(all, i)
		}
	}
	return all, nil
}

// TurnOfImport keeps other transactions that ask for their turn from an import until this one ends.
func TurnOfImport(ctx context.Context, repo Repo, ch ChannelID, what ImportKind) error {
	if err := repo.SetValue(ctx, ImportOwner(ch), string(what)+"/turn", []byte("-")); err != nil {
		return fmt.Errorf("turn of the import of %s: %w", what, err)
	}
	return nil
}

// KeepImport stores how an import of a channel stands.
func KeepImport(ctx context.Context, repo Repo, ch ChannelID, i Import) error {
	raw, err := json.Marshal(i)
	if err == nil {
		err = repo.SetValue(ctx, ImportOwner(ch), string(i.What), raw)
	}
	if err != nil {
		return fmt.Errorf("keep how the import of %s stands: %w", i.What, err)
	}
	return nil
}
