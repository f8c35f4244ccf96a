package ginapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

// PairLinkFor is how long a link to a pairing page is good.
const PairLinkFor = time.Hour

// PairURL returns a link to the page on which a channel is joined to a phone's account; whoever has it may do so until it expires. Public is the scheme
// and host of the gateway; key is the Server's MediaKey.
func PairURL(public string, key []byte, ws core.WorkspaceID, id core.ChannelID, expires time.Time) string {
	said := string(ws) + "\n" + string(id) + "\n" + strconv.FormatInt(expires.Unix(), 10)
	return strings.TrimRight(public, "/") + pairPath + base64.RawURLEncoding.EncodeToString([]byte(said)) + "." + pairSignature(key, said)
}

func pairSignature(key []byte, said string) string {
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, "causeway pairing link\n"+said)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// pairRight is what a link to a pairing page allows.
type pairRight struct {
	workspace core.WorkspaceID
	channel   core.ChannelID
	over      bool // its time is
}

// pairRightOf reads the token of a link, and reports whether we signed it.
func (s *Server) pairRightOf(token string) (pairRight, bool) {
	packed, signature, _ := strings.Cut(token, ".")
	said, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil || !hmac.Equal([]byte(pairSignature(s.MediaKey, string(said))), []byte(signature)) {
		return pairRight{}, false
	}
	parts := strings.Split(string(said), "\n")
	if len(parts) != 3 {
		return pairRight{}, false
	}
	until, err := strconv.ParseInt(parts[2], 10, 64)
	return pairRight{workspace: core.WorkspaceID(parts[0]), channel: core.ChannelID(parts[1]), over: !s.Now().Before(time.Unix(until, 0))}, err == nil
}

// pairLinkView is a link to a channel's pairing page.
type pairLinkView struct {
	URL   string    `json:"url" doc:"of the page on which a person pairs the channel in a browser; whoever has it may"`
	Until time.Time `json:"until" doc:"when it expires"`
}

func (s *Server) pairLinkOperation(api huma.API, path string) {
	handle(s, api, operation{id: "link-pairing", method: http.MethodPost, path: path + "/link", tag: tagChannels, scope: scopeManage, status: http.StatusCreated,
		summary: "Make a link to a page on which a person pairs the channel in a browser; it is good for an hour"}, s.linkPairing)
}

func (s *Server) linkPairing(ctx context.Context, repo core.Repo, in *ByID) (*answer[pairLinkView], error) {
	ch, err := repo.Channel(ctx, core.ChannelID(in.ID))
	if err != nil {
		return nil, missing(err, "channel")
	}
	if err := s.pairable(ctx, ch); err != nil {
		return nil, err
	}
	until := s.Now().Add(PairLinkFor).Truncate(time.Second)
	return reply(pairLinkView{URL: PairURL(s.PublicURL, s.MediaKey, ch.Workspace, ch.ID, until), Until: until}, nil)
}

// pairable refuses channels that no phone is joined to.
func (s *Server) pairable(ctx context.Context, ch core.Channel) error {
	_, info, link, err := s.Links.Link(ctx, ch.ID)
	if err != nil {
		return err
	}
	if _, ok := link.(core.PairingLink); !ok {
		return core.Problemf(core.CodeUnsupported, "A channel of the kind %s is not paired with a phone.", info.Kind).Remedied("Its credentials stand in its settings.")
	}
	return nil
}
