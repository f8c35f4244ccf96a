package sms

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"causeway/core"
)

// Door is a channel's own public address: the provider calls it, and fetches from it the files that we send. The gateway does not tell a link
// where that is; it is learned when the webhook is registered, or from the first authentic call, and kept.
type Door struct {
	Host  core.Host
	Key   core.Secret // signs links to files
	Fixed string      // the address, where a setting says it; empty: it is learned

	mu      sync.Mutex
	address string
}

const (
	doorKey  = "callback"
	fileArg  = "causeway-file"
	fileTime = 24 * time.Hour // how long a provider may take to fetch a file
	maxServe = 16 << 20
)

// Learn keeps the address, as a call came to it or as it was registered. What it has of a query and a fragment does not count.
func (d *Door) Learn(ctx context.Context, address string) error {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Fixed != "" || d.address == address || !core.WebAddress(address) {
		return nil
	}
	if err := d.Host.Save(ctx, doorKey, []byte(address)); err != nil {
		return fmt.Errorf("keep webhook address: %w", err)
	}
	d.address = address
	return nil
}

// Address returns the address, "" if it is not known yet.
func (d *Door) Address(ctx context.Context) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Fixed != "" {
		return d.Fixed
	}
	if d.address == "" {
		if raw, err := d.Host.Load(ctx, doorKey); err == nil {
			d.address = string(raw)
		}
	}
	return d.address
}

// Link returns an address from which the provider can fetch a medium: its own public one, or a signed one of ours.
func (d *Door) Link(ctx context.Context, m core.Media) (string, *core.SendError) {
	if m.ID == "" {
		if !core.WebAddress(m.URL) {
			return "", core.Unsendable("The message's file is nowhere to be found.", "Attach it again.")
		}
		return m.URL, nil
	}
	at := d.Address(ctx)
	if at == "" {
		e := core.Unsendable("The provider fetches files from this gateway, and nobody has told the channel its public address.", "Register the webhook: causeway channel subscribe NAME.")
		e.Effect = core.EffectPark
		return "", e
	}
	pass := string(m.ID) + "." + strconv.FormatInt(d.Host.Now().Add(fileTime).Unix(), 36) + "." + base64.RawURLEncoding.EncodeToString([]byte(m.MIME))
	return at + "?" + fileArg + "=" + url.QueryEscape(pass+"."+d.sign(pass)), nil
}

func (d *Door) sign(pass string) string {
	m := hmac.New(sha256.New, []byte("causeway file\x00"+d.Key.Reveal()))
	_, _ = m.Write([]byte(pass)) // a hash never fails
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:18])
}

// Serve answers a call for one of our files. It is false when the call is none; core.ErrUnauthenticated for a link that we did not sign, or whose
// time is over.
func (d *Door) Serve(ctx context.Context, r core.WebhookRequest) (core.WebhookAnswer, bool, error) {
	given := r.Query.Get(fileArg)
	if given == "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return core.WebhookAnswer{}, false, nil
	}
	at := strings.LastIndexByte(given, '.')
	if at < 0 || !hmac.Equal([]byte(given[at+1:]), []byte(d.sign(given[:at]))) {
		return core.WebhookAnswer{}, true, core.ErrUnauthenticated
	}
	field := strings.Split(given[:at], ".")
	if len(field) != 3 {
		return core.WebhookAnswer{}, true, core.ErrUnauthenticated
	}
	until, err := strconv.ParseInt(field[1], 36, 64)
	if err != nil || d.Host.Now().Unix() > until {
		return core.WebhookAnswer{}, true, core.ErrUnauthenticated
	}
	mime, _ := base64.RawURLEncoding.DecodeString(field[2])
	return d.file(ctx, core.MediaID(field[0]), string(mime))
}

func (d *Door) file(ctx context.Context, id core.MediaID, mime string) (core.WebhookAnswer, bool, error) {
	f, err := d.Host.Open(ctx, id)
	if core.CodeOf(err) == core.CodeNotFound || errors.Is(err, core.ErrNotFound) {
		return core.WebhookAnswer{Status: http.StatusGone}, true, nil
	}
	if err != nil {
		return core.WebhookAnswer{}, true, fmt.Errorf("open file for the provider: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxServe+1))
	if err != nil {
		return core.WebhookAnswer{}, true, fmt.Errorf("read file for the provider: %w", err)
	}
	if len(raw) > maxServe {
		return core.WebhookAnswer{Status: http.StatusRequestEntityTooLarge}, true, nil
	}
	if mime == "" {
		mime = http.DetectContentType(raw)
	}
	if !harmless(mime) {
		mime = "application/octet-stream"
	}
	return core.WebhookAnswer{Type: mime, Body: raw}, true, nil
}

// harmless reports whether a browser that is shown a file of this type runs nothing in it.
func harmless(mime string) bool {
	kind, sub, _ := strings.Cut(mime, "/")
	switch kind {
	case "image":
		return !strings.Contains(sub, "svg")
	case "audio", "video":
		return true
	}
	return mime == "application/pdf" || mime == "text/vcard" || mime == "text/x-vcard" || mime == "text/plain" || mime == "text/calendar"
}
