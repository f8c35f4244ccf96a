package forward

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

// albumSettles is how long after its youngest message an album counts as whole: some platforms hand over its messages one by one, and do not say how
// many there are.
const albumSettles = 1500 * time.Millisecond

// album names what was sent together. The zero album is none.
type album struct {
	channel core.ChannelID
	out     bool
	name    string
}

func albumOf(m core.Message) album {
	if m.Content.Album == "" {
		return album{}
	}
	return album{m.Channel, m.Direction == core.Out, m.Content.Album}
}

// gather finds the albums among messages that are mailed, each in its order.
func gather(fresh []core.Message) map[album][]core.Message {
	all := map[album][]core.Message{}
	for _, m := range fresh {
		if key := albumOf(m); key != (album{}) && mailed(m) {
			all[key] = append(all[key], m)
		}
	}
	return all
}

// settling tells how long to wait for more of an album: zero if it counts as whole, or is none.
func (f *Forwarder) settling(whole []core.Message) time.Duration {
	if len(whole) == 0 {
		return 0
	}
	quiet := f.Now().Sub(whole[len(whole)-1].Created)
	if quiet < 0 { // another node's clock
		return 0
	}
	return max(0, albumSettles-quiet)
}

// brings returns the messages that a notice's mail brings: its own, and those of its album that were there when it was planned.
func (f *Forwarder) brings(ctx context.Context, repo core.Repo, n core.Notice, first core.Message) ([]core.Message, error) {
	all := []core.Message{first}
	if n.Album < 2 {
		return all, nil
	}
	later, err := newer(ctx, repo, first.Conversation, first.Seq, n.Album)
	if err != nil {
		return nil, fmt.Errorf("album of notice: %w", err)
	}
	for _, m := range later {
		if len(all) < n.Album && mailed(m) && albumOf(m) == albumOf(first) {
			all = append(all, m)
		}
	}
	return all, nil
}
