package forward

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

const (
	// sameMailed is how often the same message is mailed in a row; a device that is stuck sends one hundreds of times, each as a new one.
	sameMailed = 5
	// sameWithin is how soon the same must come again to be in a row.
	sameWithin = 10 * time.Minute
	// saidKept is of how many messages it is known how often they came: two programs that answer each other take turns.
	saidKept = 4
)

// said is a message that came, how often in a row, and when last, in Unix seconds.
type said struct {
	Sum   string `json:"sum"`
	Times int    `json:"times"`
	Last  int64  `json:"last"`
}

// repeats counts what comes again and again while nobody of the business answers from here.
type repeats []said

// hear counts a message and returns how often it has come in a row; zero: it cannot be told from others.
func (r *repeats) hear(m core.Message) int {
	if m.Direction == core.Out && m.Author.Kind != core.AuthorPhone { // the same again may be the answer to something else
		*r = nil
		return 0
	}
	sum := sumOf(m)
	if sum == "" {
		return 0
	}
	s := said{Sum: sum, Times: 1, Last: m.Created.Unix()}
	if i := slices.IndexFunc(*r, func(x said) bool { return x.Sum == sum }); i >= 0 {
		if s.Last-(*r)[i].Last <= int64(sameWithin/time.Second) {
			s.Times += (*r)[i].Times
		}
		*r = slices.Delete(*r, i, i+1)
	}
	*r = append(repeats{s}, (*r)[:min(len(*r), saidKept-1)]...)
	return s.Times
}

// sumOf tells texts and files apart, and who sent them. It is empty for what may differ though it looks the same, and for what was picked.
func sumOf(m core.Message) string {
	c, what := m.Content, strings.TrimSpace(m.Content.Subject+"\n"+m.Content.Text)
	switch {
	case c.Kind.HasMedia() && c.Media != nil && c.Media.SHA256 != "":
		what += "\n" + c.Media.SHA256
	case c.Kind != core.KindText || what == "":
		return ""
	}
	sum := sha256.Sum256([]byte(string(m.Author.Kind) + "/" + m.Author.Name + "\n" + string(c.Kind) + "\n" + what))
	return hex.EncodeToString(sum[:8])
}

// noteRepeats has agents told once that the same comes again and again and is not mailed any more.
func (f *Forwarder) noteRepeats(ctx context.Context, repo core.Repo, m core.Message) error {
	err := repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: m.Conversation, Kind: core.ConversationEventNotice, Code: core.LineRepeats,
		By: m.Author, Message: m.ID, At: f.Now(), Data: map[string]string{"text": m.Content.Text},
		Text: "The same message comes again and again. Further ones are kept, and not mailed."})
	if err != nil {
		return fmt.Errorf("note repetition: %w", err)
	}
	return nil
}
