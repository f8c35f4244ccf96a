package telegram

import (
	"context"
	"strconv"

	"causeway/core"
)

var _ core.AlbumLink = (*link)(nil)

const (
	albumMethod = "sendMediaGroup"
	mostInAlbum = 10
)

// Album implements core.AlbumLink: photos and videos mix, documents and audio go among themselves.
func (l *link) Album(contents []core.Content) int {
	n := 0
	for n < min(len(contents), mostInAlbum) && albumSort(contents[n]) != "" && albumSort(contents[n]) == albumSort(contents[0]) {
		n++
	}
	return n
}

// albumSort tells with what a content may share an album, "" with nothing.
func albumSort(c core.Content) string {
	if c.Media == nil {
		return ""
	}
	switch method, _ := carrier(c); method {
	case "sendPhoto", "sendVideo":
		return "pictures"
	case "sendDocument", "sendAudio":
		return method
	}
	return ""
}

// group is a call of albumMethod: what is common, and the requests that its items would be alone.
type group struct {
	request
	items []request
}

// SendAlbum implements core.AlbumLink.
func (l *link) SendAlbum(ctx context.Context, out []core.Outgoing) ([]core.Sent, error) {
	to, ok := recipient(out[0].To)
	if !ok {
		return nil, core.Unsendable("The contact has no Telegram account that is known here.", "Wait until they write to the bot.")
	}
	to, err := l.route(ctx, to)
	if err != nil {
		return nil, err
	}
	g := group{request: request{method: albumMethod, p: params{}}}
	for _, o := range out {
		item, err := composeMedia(o.Content)
		if err != nil {
			return nil, err
		}
		g.items = append(g.items, item)
	}
	g.quote(out[0].Content.Quote, to)
	return l.deliverAlbum(ctx, to, g)
}

// deliverAlbum is deliver for an album.
func (l *link) deliverAlbum(ctx context.Context, to address, g group) ([]core.Sent, error) {
	var learned []core.IdentityKey
	for left := repairs; ; left-- {
		g.p.address(to)
		sent, err := l.tryAlbum(ctx, to, g)
		if err == nil {
			sent[0].Learned = learned
			return sent, nil
		}
		was := to.chat
		if left == 0 || !g.mend(err, &to) {
			return nil, failed(err)
		}
		if to.chat != was {
			learned = append(learned, to.key())
		}
	}
}

// mend changes what Telegram refused; false if it cannot.
func (g *group) mend(err error, to *address) bool {
	plainer := false
	for i := range g.items {
		if item := &g.items[i]; item.p["parse_mode"] != nil && says(err, "can't parse") {
			plainer = item.mend(err, to)
		}
	}
	return plainer || g.request.mend(err, to)
}

// tryAlbum makes the call once.
func (l *link) tryAlbum(ctx context.Context, to address, g group) ([]core.Sent, error) {
	files, err := g.fill(ctx, l)
	defer func() {
		for _, f := range files {
			_ = f.Body.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	var made []message
	if len(files) > 0 {
		err = l.api.upload(ctx, g.method, g.p, files, &made)
	} else {
		err = l.api.call(ctx, g.method, g.p, &made)
	}
	if err != nil {
		return nil, err
	}
	sent := make([]core.Sent, 0, len(made))
	for _, m := range made {
		at, _ := m.Date.time()
		sent = append(sent, core.Sent{Provider: to.message(int64(m.ID)), At: at})
		if m.ID <= 0 {
			made = nil
		}
	}
	if len(made) != len(g.items) {
		return nil, &core.SendError{Outcome: core.Unknown, Effect: core.EffectFail, Reason: unclear, Remedy: lookThere, Detail: "the answer does not name each message of the album"}
	}
	return sent, nil
}

// fill lists the items in the call, and opens the files that are uploaded with it. Whatever it returns is to be closed.
func (g *group) fill(ctx context.Context, l *link) (files []file, err error) {
	var media []params
	for i, item := range g.items {
		entry := params{"type": item.field}
		for key, value := range item.p {
			entry[key] = value
		}
		delete(entry, item.field)
		entry["media"] = item.p[item.field]
		if item.media.ID != "" {
			name := "file" + strconv.Itoa(i)
			f, err := l.opened(ctx, item, name)
			if err != nil {
				return files, err
			}
			files, entry["media"] = append(files, f), "attach://"+name
		}
		media = append(media, entry)
	}
	g.p["media"] = media
	return files, nil
}
