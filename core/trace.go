package core

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"
)

// A trace is the one word by which a message is found in the logs, the channel log, its mails and the provider's calls. It is made of what is known
// at both ends, so nothing has to be stored or carried along: of a message that came in, the channel and the provider's id; of one that an agent
// mailed, the mail's id; of any other that goes out, its own.

// TraceHeader is what says the trace in answers to webhooks and in mails.
const TraceHeader = "X-Causeway-Trace"

// TraceOf makes a trace, of the form that OpenTelemetry's have.
func TraceOf(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\n")))
	return hex.EncodeToString(sum[:16])
}

// Trace is that of the message an event brings, else the event's own.
func (e *Event) Trace(ch ChannelID) string {
	if e.Message != nil {
		return TraceOf(string(ch), e.Message.Provider)
	}
	return TraceOf(string(ch), string(e.Kind), e.ID)
}

// mailKey begins the keys of messages that agents mailed; the mail's id follows.
const mailKey = "mail/"

// Trace is the message's. Of one that came in, the parts must be there.
func (m Message) Trace() string {
	came := m.Author.Kind == AuthorContact || m.Author.Kind == AuthorPhone
	if came && len(m.Parts) > 0 && m.Parts[0].Provider != "" {
		return TraceOf(string(m.Channel), m.Parts[0].Provider)
	}
	if id := m.mail(); id != "" {
		return id.Trace()
	}
	return TraceOf(string(m.ID))
}

// Trace is that of a mail and of the messages made of it.
func (id MailID) Trace() string { return TraceOf(string(id)) }

// mail is the id of the mail that the message was made of, empty if it was none.
func (m Message) mail() MailID {
	rest, ok := strings.CutPrefix(m.Key, mailKey)
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return MailID(id)
}

// Waited is how long ago the message was asked for: when its mail came, else when it was made.
func (m Message) Waited(now time.Time) time.Duration {
	if u, err := uuid.Parse(string(m.mail())); err == nil && u.Version() == 7 {
		return time.Since(time.Unix(u.Time().UnixTime())) // the id tells the real time, whatever now is
	}
	return now.Sub(m.Created)
}

type traceKey struct{}

// WithTrace returns a context of work for the message with this trace.
func WithTrace(ctx context.Context, trace string) context.Context {
	return context.WithValue(ctx, traceKey{}, trace)
}

// TraceIn returns the trace of what is being done, empty if it is for no message.
func TraceIn(ctx context.Context) string {
	trace, _ := ctx.Value(traceKey{}).(string)
	return trace
}
