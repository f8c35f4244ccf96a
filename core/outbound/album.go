package outbound

import (
	"context"
	"errors"
	"fmt"

	"causeway/core"
)

// mostTogether is how many parts are looked at to go in one call.
const mostTogether = 30

// together adds to a piece those right behind it that go in one call with it: of the same album, by the same author, as the bridge has it.
func (o *Outbox) together(ctx context.Context, repo core.Repo, rt route, first piece) ([]piece, error) {
	all := []piece{first}
	link, can := rt.link.(core.AlbumLink)
	if !can || first.content.Album == "" || alone(first.part) {
		return all, nil
	}
	behind, err := repo.PartsAfter(ctx, first.part, mostTogether)
	if err != nil {
		return nil, fmt.Errorf("parts of the album: %w", err)
	}
	contents := []core.Content{first.content}
	for _, p := range behind {
		if !o.joins(first.part, p) {
			break
		}
		x, ok, err := o.companion(ctx, repo, rt, first, p)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		all, contents = append(all, x), append(contents, x.content)
	}
	return all[:min(max(1, link.Album(contents)), len(all))], nil
}

// joins reports whether a part is to go with another one.
func (o *Outbox) joins(first, p core.Part) bool {
	waits := p.Status == core.StatusQueued || p.Status == core.StatusParked
	return waits && p.Content.Album == first.Content.Album && p.Channel == first.Channel && !p.NotBefore.After(o.Now()) && !alone(p)
}

// alone reports whether a part was refused together with others.
func alone(p core.Part) bool { return p.Error != nil && p.Error.Effect == core.EffectAlone }

// companion asks the gate about a part that is to go with the first, and has its file made what the channel takes. It is not ok where anything speaks
// against that: it then has a turn of its own.
func (o *Outbox) companion(ctx context.Context, repo core.Repo, rt route, first piece, p core.Part) (x piece, ok bool, err error) {
	m, err := repo.Message(ctx, p.Message)
	if err != nil {
		return x, false, fmt.Errorf("message of album: %w", err)
	}
	if m.Author != first.message.Author || m.Identity != first.message.Identity {
		return x, false, nil
	}
	d, t, err := o.decide(ctx, repo, rt, m.Author, p.Content)
	if err != nil || !d.Allowed() || d.Verdict != first.decision.Verdict {
		return x, false, err
	}
	content, err := o.fit(ctx, repo, rt, p.Content)
	if bad := (*core.Problem)(nil); errors.As(err, &bad) {
		return x, false, nil
	}
	return piece{m, p, content, t, d}, err == nil, err
}

// hand hands pieces to the bridge. Without an error there is an answer for each.
func (o *Outbox) hand(ctx context.Context, w core.Work, rt route, all []piece) ([]core.Sent, error) {
	repo := o.Store.In(w.Workspace)
	if len(all) == 1 {
		sent, err := rt.link.Send(ctx, all[0].outgoing(ctx, repo, rt))
		return []core.Sent{sent}, err
	}
	var out []core.Outgoing
	for _, x := range all {
		out = append(out, x.outgoing(ctx, repo, rt))
	}
	sent, err := rt.link.(core.AlbumLink).SendAlbum(ctx, out)
	if err == nil && len(sent) != len(all) {
		err = fmt.Errorf("the bridge answered %d times for %d parts", len(sent), len(all))
	}
	return sent, err
}

// blameOf is what an error means for one of so many parts that were sent together: which of them is to blame shows when each goes by itself.
func blameOf(e *core.SendError, parts int) *core.SendError {
	if parts == 1 || e.Outcome != core.Rejected || e.Effect != core.EffectFail {
		return e
	}
	alone := *e
	alone.Effect = core.EffectAlone
	return &alone
}
