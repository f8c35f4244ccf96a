package simulator

import (
	"log/slog"
	"net/http"
	"time"
)

// Options says what the stand-in world is like. The zero value is usable.
type Options struct {
	Now        func() time.Time // clock of messages and windows; default time.Now
	Businesses []Account        // default: one business, see DefaultAccount
	Receipts   Receipts
	Retry      []time.Duration // waits before a refused webhook is posted again; default DefaultRetry; empty but not nil: never
	Timeout    time.Duration   // for one webhook; default 10 s
	HTTP       *http.Client    // posts webhooks; default a client of its own
	Log        *slog.Logger    // default: discard

	// PublicURL is the address under which Graph is reached, for the download links of media.
	// Empty: the Host of each request, and PublicURL-less links in webhooks.
	PublicURL string

	// LateRefusals answers sends to unknown people and into closed windows with 200 and fails them by a
	// status webhook, as the platform often does; otherwise the answer itself is the error.
	LateRefusals bool

	// PairRate refuses more than a burst of 45 messages, or one per six seconds after it, to the same
	// customer with 131056.
	PairRate bool

	// NumericFileSize makes file_size of a media object a number, as seen in the wild; Meta's
	// description has a string.
	NumericFileSize bool
}

// Receipts is how fast a customer's phone reports. The zero value delivers at once and leaves reading
// to Customer.Read.
type Receipts struct {
	Delivered time.Duration // after sent
	AutoRead  bool          // customers read whatever arrives
	Read      time.Duration // after delivered, with AutoRead
	Never     bool          // no status webhooks at all
}

// Account is what a business registered with the platform.
type Account struct {
	PhoneNumberID string
	WABA          string
	AppID         string
	AppSecret     string // signs webhooks
	Token         string // the system user's access token
	DisplayNumber string
	VerifiedName  string
	CallbackURL   string // where webhooks go; may be set later by subscribed_apps
	VerifyToken   string
	Templates     []Template
	Coexists      bool // the number is also used in the Business app on its owner's phone
}

// DefaultRetry is how long the platform waits between attempts to post a webhook, cut down from Meta's
// week to some minutes.
func DefaultRetry() []time.Duration {
	return []time.Duration{
		250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
		10 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
	}
}

// DefaultAccount is the business that New makes if none is given.
func DefaultAccount() Account {
	return Account{ //nolint:gosec // a stand-in's credentials protect nothing
		PhoneNumberID: "106540352242922",
		WABA:          "102290129340398",
		AppID:         "1234567890123456",
		AppSecret:     "simulated-app-secret-5f1f0a7c",
		Token:         "EAAsimulatedSystemUserToken",
		DisplayNumber: "+1 555-078-3881",
		VerifiedName:  "Lucky Shrub",
		VerifyToken:   "simulated-verify-token",
		Templates:     DefaultTemplates(),
	}
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Businesses) == 0 {
		o.Businesses = []Account{DefaultAccount()}
	}
	if o.Retry == nil {
		o.Retry = DefaultRetry()
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
