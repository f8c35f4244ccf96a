package ginapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"rsc.io/qr"
)

const (
	followFor  = 20 * time.Minute // the longest that a stream of a pairing's steps lasts
	followEach = 500 * time.Millisecond
	qrScale    = 8 // pixels a module
)

// pairingView is where a pairing is.
type pairingView struct {
	ID      string            `json:"id"`
	Seq     int               `json:"seq" doc:"grows with each step"`
	State   core.PairingState `json:"state" enum:"waiting,preparing,qr,code,passkey,confirm,finishing,done,failed"`
	Code    string            `json:"code,omitempty" doc:"the text of the QR code; what is typed on the phone; or what the phone must show, by state"`
	Until   time.Time         `json:"until,omitzero" doc:"when the code, or the patience of the provider, ends"`
	Origin  string            `json:"origin,omitempty" doc:"the only site at which a browser answers the request"`
	Request any               `json:"request,omitempty" doc:"for PublicKeyCredential.parseRequestOptionsFromJSON at that site"`
	Number  string            `json:"number,omitempty" doc:"of the account that was joined"`
	Name    string            `json:"name,omitempty" doc:"of the account that was joined"`
	Reason  string            `json:"reason,omitempty"`
	Remedy  string            `json:"remedy,omitempty"`
}

func showPairing(p core.Pairing) pairingView {
	s := p.Step
	v := pairingView{ID: p.ID, Seq: p.Seq, State: s.State, Code: s.Code, Until: s.Until, Origin: s.Origin, Number: s.Account.Number, Name: s.Account.Name,
		Reason: s.Reason, Remedy: s.Remedy}
	if len(s.Request) > 0 {
		v.Request = s.Request
	}
	return v
}

func (s *Server) pairingOperations(api huma.API) {
	const path = "/channels/{id}/pairing"
	handle(s, api, operation{id: "start-pairing", method: http.MethodPost, path: path, tag: tagChannels, scope: scopeManage, status: http.StatusAccepted,
		summary: "Join a channel to the account of a phone; what becomes of it is told by the pairing"}, s.startPairing)
	handle(s, api, operation{id: "get-pairing", method: http.MethodGet, path: path, tag: tagChannels, scope: scopeManage,
		summary: "Show where the channel's last pairing is"}, s.getPairing)
	handle(s, api, operation{id: "stop-pairing", method: http.MethodDelete, path: path, tag: tagChannels, scope: scopeManage,
		summary: "Stop the channel's pairing, if one is going on"}, s.stopPairing)
	handle(s, api, operation{id: "take-back-channel", method: http.MethodPost, path: "/channels/{id}/take-back", tag: tagChannels, scope: scopeManage, status: http.StatusAccepted,
		summary: "Have a paired channel connect although another program has taken its place; what becomes of it shows in its health"}, s.takeBack)
	handle(s, api, operation{id: "answer-passkey", method: http.MethodPost, path: path + "/passkey", tag: tagChannels, scope: scopeManage, status: http.StatusNoContent,
		summary: "Hand over what the browser answered to the request for a passkey"}, s.answerPasskey)
	handle(s, api, operation{id: "confirm-pairing", method: http.MethodPost, path: path + "/confirm", tag: tagChannels, scope: scopeManage, status: http.StatusNoContent,
		summary: "Say whether the phone shows the same code"}, s.confirmPairing)
	handle(s, api, operation{id: "download-pairing-qr", method: http.MethodGet, path: path + "/qr.png", tag: tagChannels, scope: scopeManage,
		summary: "Get the QR code to be scanned now as a picture", adjust: answers("image/png")}, s.pairingPicture)
	handle(s, api, operation{id: "download-pairing-events", method: http.MethodGet, path: path + "/events", tag: tagChannels, scope: scopeManage, slow: true,
		summary: "Follow the channel's pairing as server-sent events, each with a pairing, until it is over", adjust: answers("text/event-stream")}, s.followPairing)
	s.pairLinkOperation(api, path)
}

// answers documents an answer that is no JSON.
func answers(contentType string) func(*huma.Operation) {
	return func(o *huma.Operation) {
		o.Responses = map[string]*huma.Response{"200": {Description: "OK",
			Content: map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	}
}

func (s *Server) takeBack(ctx context.Context, repo core.Repo, in *ByID) (*none, error) {
	if _, err := repo.Channel(ctx, core.ChannelID(in.ID)); err != nil {
		return nil, missing(err, "channel")
	}
	return &none{}, s.Links.TakeBack(ctx, caller(ctx).Workspace, core.ChannelID(in.ID))
}

type pairingStart struct {
	ByID
	Body struct {
		Phone string `json:"phone,omitempty" maxLength:"40" doc:"show a code to be typed on the phone of this number; absent: a QR code to be scanned"`
	}
}

func (s *Server) startPairing(ctx context.Context, _ core.Repo, in *pairingStart) (*answer[pairingView], error) {
	p, err := s.Links.Pair(ctx, caller(ctx).Workspace, core.ChannelID(in.ID), core.PairingWish{Phone: in.Body.Phone})
	return reply(showPairing(p), missing(err, "channel"))
}

// pairing finds the last pairing of a channel of the key's workspace.
func (s *Server) pairing(ctx context.Context, repo core.Repo, id string) (core.Pairing, error) {
	ch, err := repo.Channel(ctx, core.ChannelID(id))
	if err != nil {
		return core.Pairing{}, missing(err, "channel")
	}
	p, err := s.Links.Pairing(ctx, caller(ctx).Workspace, ch.ID)
	return p, missing(err, "pairing")
}

func (s *Server) getPairing(ctx context.Context, repo core.Repo, in *ByID) (*answer[pairingView], error) {
	p, err := s.pairing(ctx, repo, in.ID)
	return reply(showPairing(p), err)
}

func (s *Server) stopPairing(ctx context.Context, repo core.Repo, in *ByID) (*none, error) {
	if _, err := s.pairing(ctx, repo, in.ID); err != nil {
		return nil, err
	}
	return &none{}, s.Links.StopPairing(ctx, caller(ctx).Workspace, core.ChannelID(in.ID))
}

type passkeyAnswer struct {
	ByID
	Body struct {
		Pairing    string         `json:"pairing" maxLength:"64" doc:"the pairing's id"`
		Credential map[string]any `json:"credential" doc:"the PublicKeyCredential, by its toJSON"`
	}
}

func (s *Server) answerPasskey(ctx context.Context, repo core.Repo, in *passkeyAnswer) (*none, error) {
	raw, err := json.Marshal(in.Body.Credential)
	if err != nil {
		return nil, err
	}
	return s.answerPairing(ctx, repo, in.ID, in.Body.Pairing, core.PairingAnswer{Passkey: raw})
}

type sameAnswer struct {
	ByID
	Body struct {
		Pairing string `json:"pairing" maxLength:"64" doc:"the pairing's id"`
		Same    bool   `json:"same" doc:"false ends the pairing"`
	}
}

func (s *Server) confirmPairing(ctx context.Context, repo core.Repo, in *sameAnswer) (*none, error) {
	return s.answerPairing(ctx, repo, in.ID, in.Body.Pairing, core.PairingAnswer{Agreed: in.Body.Same})
}

func (s *Server) answerPairing(ctx context.Context, repo core.Repo, id, pairing string, a core.PairingAnswer) (*none, error) {
	if _, err := s.pairing(ctx, repo, id); err != nil {
		return nil, err
	}
	return &none{}, s.Links.AnswerPairing(ctx, caller(ctx).Workspace, core.ChannelID(id), pairing, a)
}

// rawAnswer is an answer that writes itself.
type rawAnswer struct{ Body func(huma.Context) }

func (s *Server) pairingPicture(ctx context.Context, repo core.Repo, in *ByID) (*rawAnswer, error) {
	p, err := s.pairing(ctx, repo, in.ID)
	if err != nil {
		return nil, err
	}
	if p.Step.State != core.PairingQR {
		return nil, core.Problemf(core.CodeNotFound, "The pairing shows no QR code now.").Remedied("Look at its state.")
	}
	code, err := qr.Encode(p.Step.Code, qr.L)
	if err != nil {
		return nil, fmt.Errorf("draw the code: %w", err)
	}
	code.Scale = qrScale
	return &rawAnswer{func(c huma.Context) {
		c.SetHeader("Content-Type", "image/png")
		_, _ = c.BodyWriter().Write(code.PNG()) // the client went
	}}, nil
}

// followPairing streams each step. It ends when the pairing is over, the client goes or the gateway stops.
func (s *Server) followPairing(ctx context.Context, repo core.Repo, in *ByID) (*rawAnswer, error) {
	first, err := s.pairing(ctx, repo, in.ID)
	if err != nil {
		return nil, err
	}
	return &rawAnswer{func(c huma.Context) { //nolint:contextcheck // it has the request's, which lasts longer than that of the operation
		c.SetHeader("Content-Type", "text/event-stream")
		w := humagin.Unwrap(c).Writer
		s.stream(c.Context(), w, first, func(ctx context.Context) (core.Pairing, error) { return s.pairing(ctx, repo, in.ID) },
			func(p core.Pairing) string { return serverSent(p.Seq, showPairing(p)) })
	}}, nil
}

// stream writes a pairing as show does, each time that look finds a change.
func (s *Server) stream(ctx context.Context, w http.ResponseWriter, now core.Pairing, look func(context.Context) (core.Pairing, error), show func(core.Pairing) string) {
	ctx, cancel := context.WithTimeout(ctx, followFor)
	defer cancel()
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // that of the request would end a stream that lasts longer
	tick := time.NewTicker(followEach)
	defer tick.Stop()
	shown, beats := "", 0
	for {
		text := ": still here\n\n" // so that a client that went is noticed
		if mark := fmt.Sprint(now.ID, now.Seq, now.Step.State); mark != shown {
			shown, beats = mark, 0
			text = show(now)
		} else if beats++; beats%30 != 0 {
			text = ""
		}
		if text != "" {
			_ = control.SetWriteDeadline(time.Now().Add(answerTime))
			if _, err := fmt.Fprint(w, text); err != nil || control.Flush() != nil {
				return
			}
		}
		if now.Step.State.Final() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.stopping:
			return
		case <-tick.C:
		}
		if next, err := look(ctx); err == nil {
			now = next
		}
	}
}

// serverSent writes a view of a pairing as one server-sent event.
func serverSent(seq int, view any) string {
	raw, err := json.Marshal(view)
	if err != nil {
		return ""
	}
	var line bytes.Buffer
	if json.Compact(&line, raw) != nil {
		return ""
	}
	return "event: pairing\nid: " + fmt.Sprint(seq) + "\ndata: " + line.String() + "\n\n"
}
