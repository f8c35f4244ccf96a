// Package mailbox reads a mailbox by IMAP. It wraps go-imap's client, which knows neither contexts nor time limits: here every command ends within
// its time or with its context, by cutting the connection. A Box whose method returned an error that is not a *Refusal is of no further use.
//
// Nothing is asked of the server that it would have to understand a mail for (envelopes, structures): some servers word those in ways that break the
// connection, again and again, for one strange mail.
package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"causeway/core"
)

// Mode is how a connection is encrypted.
type Mode string

const (
	Plain    Mode = "none"
	StartTLS Mode = "starttls"
	Implicit Mode = "implicit"
)

// Stage says how far a connection came.
type Stage string

const (
	StageConnect Stage = "connect"
	StageEncrypt Stage = "encrypt"
	StageLogin   Stage = "log in"
	StageFolder  Stage = "open the folder"
	StageRead    Stage = "read"
)

// StageError is an error with the stage that it happened at.
type StageError struct {
	Stage Stage
	Err   error
}

func (e *StageError) Error() string { return fmt.Sprintf("%s: %v", e.Stage, e.Err) }
func (e *StageError) Unwrap() error { return e.Err }

// Refusal is a server's NO or BAD. The connection is still good.
type Refusal struct {
	Code string // the response code in upper case, such as "AUTHENTICATIONFAILED"; may be empty
	Text string
}

func (r *Refusal) Error() string {
	if r.Code == "" {
		return r.Text
	}
	return "[" + r.Code + "] " + r.Text
}

// Errors of a login that cannot even be tried.
var (
	ErrNoTLS   = errors.New("the server does not offer STARTTLS")
	ErrNoLogin = errors.New("the server does not offer a login that we know")
)

// Credential proves who we are: by Token if it is set, else by Password.
type Credential struct {
	User            string
	Password, Token core.Secret
}

// Account is a mailbox and how it is reached.
type Account struct {
	Host, Port string
	Mode       Mode
	TLS        *tls.Config   // cloned; its ServerName is set to Host if empty
	Credential Credential    // of the login
	Timeout    time.Duration // of each step; zero: a minute
	// Dial connects to an address.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Box is one connection to a mailbox, logged in. It is used by one goroutine at a time.
type Box struct {
	conn   net.Conn
	client *imapclient.Client
	limit  time.Duration
	news   chan struct{}
	caps   imap.CapSet
}

// Open connects, encrypts and logs in.
func Open(ctx context.Context, a Account) (*Box, error) {
	b := &Box{limit: a.Timeout, news: make(chan struct{}, 1)}
	if b.limit <= 0 {
		b.limit = time.Minute
	}
	dial, cancel := context.WithTimeout(ctx, b.limit)
	defer cancel()
	var err error
	if b.conn, err = a.Dial(dial, net.JoinHostPort(a.Host, a.Port)); err != nil {
		return nil, &StageError{StageConnect, err}
	}
	if tcp, ok := b.conn.(*net.TCPConn); ok { // it is silent for half an hour at a time
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4})
	}
	if err := b.open(ctx, a); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Box) open(ctx context.Context, a Account) error {
	if err := b.bounded(ctx, b.limit, func() error { return b.greet(ctx, a) }); err != nil {
		return err
	}
	if err := b.bounded(ctx, b.limit, func() error { return b.login(a.Credential) }); err != nil {
		return &StageError{StageLogin, err}
	}
	return b.bounded(ctx, b.limit, func() error { b.caps = b.client.Caps(); return nil })
}

// greet sets up the client, encrypted as the account wants it.
func (b *Box) greet(ctx context.Context, a Account) error {
	cfg := &tls.Config{}
	if a.TLS != nil {
		cfg = a.TLS.Clone()
	}
	cfg.MinVersion = tls.VersionTLS12
	if cfg.ServerName == "" {
		cfg.ServerName = a.Host
	}
	options := &imapclient.Options{TLSConfig: cfg, UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(*imapclient.UnilateralDataMailbox) { b.tell() },
		Expunge: func(uint32) {},
	}}
	switch a.Mode {
	case StartTLS:
		client, err := imapclient.NewStartTLS(b.conn, options)
		if err != nil {
			return &StageError{StageEncrypt, startTLS(err)}
		}
		b.client = client
	case Implicit:
		conn := tls.Client(b.conn, cfg)
		if err := conn.HandshakeContext(ctx); err != nil {
			return &StageError{StageEncrypt, err}
		}
		b.client = imapclient.New(conn, options)
	default:
		b.client = imapclient.New(b.conn, options)
	}
	if err := b.client.WaitGreeting(); err != nil {
		return &StageError{StageConnect, refusal(err)}
	}
	return nil
}

// startTLS names the refusal of STARTTLS.
func startTLS(err error) error {
	var e *imap.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%w: %s", ErrNoTLS, e.Text)
	}
	return err
}

// tell notes that something changed. It is called in the reading goroutine, which must not wait.
func (b *Box) tell() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

func (b *Box) login(c Credential) error {
	caps := b.client.Caps()
	if token := c.Token.Reveal(); token != "" {
		return b.byToken(caps, c.User, token)
	}
	switch {
	case !caps.Has(imap.CapLoginDisabled):
		return refusal(b.client.Login(c.User, c.Password.Reveal()).Wait())
	case caps.Has(imap.AuthCap(sasl.Plain)):
		return refusal(b.client.Authenticate(sasl.NewPlainClient("", c.User, c.Password.Reveal())))
	}
	return ErrNoLogin
}

func (b *Box) byToken(caps imap.CapSet, user, token string) error {
	switch {
	case caps.Has(imap.AuthCap("XOAUTH2")):
		return refusal(b.client.Authenticate(XOAUTH2(user, token)))
	case caps.Has(imap.AuthCap(sasl.OAuthBearer)):
		return refusal(b.client.Authenticate(sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: user, Token: token})))
	}
	return ErrNoLogin
}

// XOAUTH2 is the login by access token of Google and Microsoft.
func XOAUTH2(user, token string) sasl.Client { return &xoauth2{user: user, token: token} }

type xoauth2 struct{ user, token string }

func (x *xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the server's explanation of a refusal with nothing, upon which it refuses.
func (*xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }

// refusal turns the library's errors of a server's NO or BAD into ours.
func refusal(err error) error {
	var e *imap.Error
	if errors.As(err, &e) && e.Type != imap.StatusResponseTypeBye {
		return &Refusal{Code: strings.ToUpper(string(e.Code)), Text: e.Text}
	}
	return err
}

// bounded runs a command and cuts the connection when it takes too long or ctx ends.
func (b *Box) bounded(ctx context.Context, limit time.Duration, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	late := false
	bounds, cancel := context.WithTimeout(ctx, limit)
	stop := context.AfterFunc(bounds, func() { _ = b.conn.Close() })
	err := f()
	late = !stop()
	cancel()
	switch {
	case err == nil || ctx.Err() == nil && !late:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("no answer within %s: %w", limit, err)
}

// Close cuts the connection. It may be called twice.
func (b *Box) Close() {
	_ = b.conn.Close()
	if b.client != nil {
		_ = b.client.Close()
	}
}

// Logout ends the connection politely, within a moment, and closes it.
func (b *Box) Logout(ctx context.Context) {
	_ = b.bounded(ctx, 2*time.Second, func() error { return b.client.Logout().Wait() })
	b.Close()
}

// Pushes reports whether the server tells of new mail by itself.
func (b *Box) Pushes() bool { return b.caps.Has(imap.CapIdle) }

// Folder is what a server says of an opened folder. Next is zero if it does not say.
type Folder struct {
	Validity uint32 // of the UIDs: when it changes, those known mean nothing
	Next     uint32
	Mails    uint32
}

// Examine opens a folder for reading only.
func (b *Box) Examine(ctx context.Context, name string) (Folder, error) {
	var f Folder
	err := b.bounded(ctx, b.limit, func() error {
		data, err := b.client.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait()
		if err == nil {
			f = Folder{Validity: data.UIDValidity, Next: uint32(data.UIDNext), Mails: data.NumMessages}
		}
		return refusal(err)
	})
	if err != nil {
		return f, &StageError{StageFolder, err}
	}
	return f, nil
}

// Folders names those that can be opened.
func (b *Box) Folders(ctx context.Context) ([]string, error) {
	var names []string
	err := b.bounded(ctx, b.limit, func() error {
		all, err := b.client.List("", "*", nil).Collect()
		for _, f := range all {
			if !slices.Contains(f.Attrs, imap.MailboxAttrNoSelect) {
				names = append(names, f.Mailbox)
			}
		}
		return refusal(err)
	})
	return names, err
}

// After returns the UIDs above one, in order.
func (b *Box) After(ctx context.Context, uid uint32) ([]uint32, error) {
	above := imap.UIDSet{imap.UIDRange{Start: imap.UID(uid) + 1}} // a server answers n:* with its last mail where there is none
	all, err := b.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{above}})
	return slices.DeleteFunc(all, func(u uint32) bool { return u <= uid }), err
}

// Since returns the UIDs of mails that came on the day of t or later, in order.
func (b *Box) Since(ctx context.Context, t time.Time) ([]uint32, error) {
	return b.search(ctx, &imap.SearchCriteria{Since: t})
}

// Named returns the UIDs of mails with a Message-ID, given without brackets.
func (b *Box) Named(ctx context.Context, id string) ([]uint32, error) {
	return b.search(ctx, &imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: id}}})
}

// There returns which of the UIDs the folder still has.
func (b *Box) There(ctx context.Context, uids []uint32) ([]uint32, error) {
	return b.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{set(uids)}})
}

func (b *Box) search(ctx context.Context, criteria *imap.SearchCriteria) ([]uint32, error) {
	var uids []uint32
	err := b.bounded(ctx, b.limit, func() error {
		data, err := b.client.UIDSearch(criteria, nil).Wait()
		if err != nil {
			return refusal(err)
		}
		for _, u := range data.AllUIDs() {
			uids = append(uids, uint32(u))
		}
		return nil
	})
	slices.Sort(uids)
	return slices.Compact(uids), err
}

func set(uids []uint32) imap.UIDSet {
	var s imap.UIDSet
	for _, u := range uids {
		s.AddNum(imap.UID(u))
	}
	return s
}

// Mail is one mail, or what is known of it.
type Mail struct {
	UID  uint32
	Size int64     // as the server says
	At   time.Time // when it came to the server
	Raw  []byte    // at most as much as was asked for
}

// Sizes tells size and time of mails, in the order of their UIDs. Those that are gone are missing.
func (b *Box) Sizes(ctx context.Context, uids []uint32) ([]Mail, error) {
	return b.fetch(ctx, uids, b.limit, &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true})
}

// rate is what a slow server must manage, in bytes a second.
const rate = 16 << 10

// Read reads mails up to limit bytes each, without marking them as read, in the order of their UIDs. Those that are gone are missing.
func (b *Box) Read(ctx context.Context, uids []uint32, limit, total int64) ([]Mail, error) {
	part := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: limit}}
	patience := b.limit + time.Duration(total/rate)*time.Second
	return b.fetch(ctx, uids, patience, &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{part}})
}

func (b *Box) fetch(ctx context.Context, uids []uint32, limit time.Duration, options *imap.FetchOptions) ([]Mail, error) {
	if len(uids) == 0 {
		return nil, nil
	}
	found := map[uint32]Mail{}
	err := b.bounded(ctx, limit, func() error {
		all, err := b.client.Fetch(set(uids), options).Collect()
		for _, m := range all {
			if !slices.Contains(uids, uint32(m.UID)) || len(options.BodySection) > 0 && len(m.BodySection) == 0 {
				continue // news of another mail
			}
			mail := Mail{UID: uint32(m.UID), Size: m.RFC822Size, At: m.InternalDate}
			if len(m.BodySection) > 0 {
				mail.Raw = m.BodySection[0].Bytes
			}
			found[mail.UID] = mail
		}
		return refusal(err)
	})
	if err != nil {
		return nil, &StageError{StageRead, err}
	}
	mails := make([]Mail, 0, len(found))
	for _, m := range found {
		mails = append(mails, m)
	}
	slices.SortFunc(mails, func(a, b Mail) int { return int(int64(a.UID) - int64(b.UID)) })
	return mails, nil
}

// Wait waits until the server tells of a change, or for the time given, whichever is first. It finds out on the way whether the connection lives.
func (b *Box) Wait(ctx context.Context, most time.Duration) error {
	if b.Pushes() {
		return b.idle(ctx, most)
	}
	if err := b.pause(ctx, most); err != nil {
		return err
	}
	return b.bounded(ctx, b.limit, func() error { return refusal(b.client.Noop().Wait()) })
}

func (b *Box) idle(ctx context.Context, most time.Duration) error {
	var idle *imapclient.IdleCommand
	err := b.bounded(ctx, b.limit, func() (err error) { idle, err = b.client.Idle(); return refusal(err) })
	if err != nil {
		return err
	}
	waited := b.pause(ctx, most)
	if waited != nil && ctx.Err() != nil {
		return waited
	}
	return b.bounded(ctx, b.limit, func() error {
		if err := idle.Close(); err != nil {
			return err
		}
		return refusal(idle.Wait())
	})
}

// pause waits for news, the time, ctx or the end of the connection.
func (b *Box) pause(ctx context.Context, most time.Duration) error {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-b.client.Closed():
		return net.ErrClosed
	case <-b.news:
	case <-t.C:
	}
	return nil
}
