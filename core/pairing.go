package core

import (
	"context"
	"encoding/json"
	"time"
)

// PairingLink is a SessionLink whose account a person joins with the provider's own app: a phone scans a code, or a code is typed there, and a passkey
// or a comparison may be asked for. Until then Run returns a Problem that says so.
type PairingLink interface {
	SessionLink
	// Pair joins an account, in the place of the one that is joined now, if any. It is called under the session's lease while Run does not run, and
	// works until the account is joined, the codes are over or ctx is done. Each Show replaces what the person sees. Where it fails, nothing is
	// joined and what was joined before is as it was; the error is a Problem with the remedy.
	Pair(ctx context.Context, wish PairingWish, talk PairingTalk) (Paired, error)
	// Joined is nil while an account is joined. Else it is a Problem that says why none is, with the remedy. It asks the provider nothing.
	Joined(ctx context.Context) error
}

// PairingWish is how a person wants to join an account.
type PairingWish struct {
	Phone string `json:"phone,omitempty"` // show a code to be typed on the phone of this number; empty: a QR code to be scanned
}

// PairingTalk is the person at the other side of Pair.
type PairingTalk interface {
	// Show tells the next step. An error means that nobody can see it: Pair ends.
	Show(ctx context.Context, s PairingStep) error
	// Answer waits for the answer to the last step shown, which asked for one. It returns ctx's error when that is over.
	Answer(ctx context.Context) (PairingAnswer, error)
}

// PairingState is where a pairing is. A person needs to do something in those that say so.
type PairingState string

const (
	PairingWaiting   PairingState = "waiting"   // nobody has begun yet: the node that has the session will
	PairingPreparing PairingState = "preparing" // connecting to the provider
	PairingQR        PairingState = "qr"        // Code is the text of a QR code to be scanned with the phone, until Until
	PairingCode      PairingState = "code"      // Code is to be typed on the phone, until Until
	PairingPasskey   PairingState = "passkey"   // Request is to be answered by the browser, at the provider's site; the answer is expected
	PairingConfirm   PairingState = "confirm"   // Code must be the one that the phone shows; the answer is expected
	PairingFinishing PairingState = "finishing" // the phone has agreed
	PairingDone      PairingState = "done"      // Account is joined
	PairingFailed    PairingState = "failed"    // Reason and Remedy say why and what to do; nothing was joined
)

// Final reports whether nothing comes after it.
func (s PairingState) Final() bool { return s == PairingDone || s == PairingFailed }

// PairingStep is what the person sees.
type PairingStep struct {
	State   PairingState    `json:"state"`
	Code    string          `json:"code,omitempty"`
	Until   time.Time       `json:"until,omitzero"`
	Origin  string          `json:"origin,omitempty"`  // of a passkey: the site where the browser must be asked
	Request json.RawMessage `json:"request,omitempty"` // of a passkey: the publicKey of navigator.credentials.get
	Account Paired          `json:"account,omitzero"`
	Reason  string          `json:"reason,omitempty"`
	Remedy  string          `json:"remedy,omitempty"`
	Cause   PairingCause    `json:"cause,omitempty"` // the reason as a word, where it is one of the known
}

// PairingCause is why a pairing failed, for those who say it in a language of their own. It is an error, so that a Problem can have it as its cause.
type PairingCause string

// The causes. Reason and Remedy say more, in English.
const (
	PairingOtherPhone  PairingCause = "other-phone" // the phone has another number than the channel
	PairingTooLate     PairingCause = "too-late"    // no phone took the code in time
	PairingStopped     PairingCause = "stopped"     // by a person
	PairingOvertaken   PairingCause = "overtaken"   // another pairing has begun
	PairingNoCode      PairingCause = "no-code"     // the provider gives no code to be typed
	PairingNoPasskey   PairingCause = "no-passkey"  // the passkey was not taken, or what came was none
	PairingNotSame     PairingCause = "not-same"    // the codes were not the same
	PairingOldApp      PairingCause = "old-app"     // the phone's app is too old
	PairingOutdated    PairingCause = "outdated"    // the gateway is too old
	PairingBanned      PairingCause = "banned"      // the number is refused for now
	PairingUnreachable PairingCause = "unreachable" // the provider cannot be reached, or went away
	PairingRefused     PairingCause = "refused"     // the provider gives no reason
)

func (c PairingCause) Error() string { return "pairing: " + string(c) }

// PairingAnswer is what the person gives back.
type PairingAnswer struct {
	Passkey json.RawMessage `json:"passkey,omitempty"` // the browser's PublicKeyCredential as JSON, for PairingPasskey
	Agreed  bool            `json:"agreed,omitempty"`  // the codes are the same, for PairingConfirm; false: stop
}

// Paired is the account that was joined.
type Paired struct {
	Number string `json:"number,omitempty"` // "+4915112345678"
	Name   string `json:"name,omitempty"`   // what the account calls itself; may be empty
}

// Pairing is one attempt to join an account, as everybody sees it who may.
type Pairing struct {
	ID   string
	Seq  int // grows with each step
	Step PairingStep
}
