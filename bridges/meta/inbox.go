package meta

import (
	"context"
	"net/http"

	"causeway/core"
)

// Inbox is the message inbox of a Facebook Page or an Instagram account: both speak one dialect of webhooks and of the Send interface. A bridge
// fills it in with what is its own. It keeps no state and may be used from many goroutines.
type Inbox struct {
	Title   string // what people call the platform: "Messenger"
	Object  string // what the platform's webhooks call it: "page", "instagram"
	Scheme  core.Scheme
	Account string // the Page's or the Instagram account's id. People's ids are good only below it
	Node    string // what stands for it in the paths of calls: its id, or "me"
	Host    core.Host
	Graph   *Client
	Can     core.Capabilities
	Echoes  core.Origin // of an echo that names no app
	Opening bool        // a reaction opens the reply window
	Loves   bool        // reactions can be sent, hearts only
	Person  string      // the fields of a person's profile that tell their name
	Upload  [][2]string // fields that an upload has besides the message
	Secrets []core.Secret
	Verify  core.Secret
}

// Capabilities implements core.Link.
func (i *Inbox) Capabilities() core.Capabilities { return i.Can }

// Close implements core.Link. An inbox holds nothing that must be freed.
func (*Inbox) Close() error { return nil }

// Receive implements core.WebhookLink. Any of the Secrets may have signed.
func (i *Inbox) Receive(ctx context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
	switch r.Method {
	case http.MethodGet:
		answer, err := Handshake(r.Query, i.Verify)
		return answer, nil, err
	case http.MethodPost:
	default:
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	if !i.signed(r) {
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	all, err := i.pieces(r.Body)
	if err != nil {
		return core.WebhookAnswer{}, nil, err
	}
	var events []core.Event
	for _, p := range all {
		read, err := i.events(ctx, p)
		if err != nil {
			return core.WebhookAnswer{}, nil, err
		}
		events = append(events, read...)
	}
	return core.WebhookAnswer{}, events, nil
}

func (i *Inbox) signed(r core.WebhookRequest) bool {
	for _, s := range i.Secrets {
		if Signed(r.Header, r.Body, s) {
			return true
		}
	}
	return false
}

// key is a person's identity: ids are good only below the account they were told to.
func (i *Inbox) key(account, person string) core.IdentityKey {
	return core.IdentityKey{Scheme: i.Scheme, Scope: account, Value: person}
}
