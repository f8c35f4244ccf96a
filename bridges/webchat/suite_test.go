package webchat

import (
	"context"
	"net/http"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// stocked is the bridge with a visitor, a message and a file that were there before.
type stocked struct{ Bridge }

func (b stocked) Open(ch core.Channel, s core.Settings, h core.Host) (core.Link, error) {
	l, err := b.Bridge.Open(ch, s, h)
	if err != nil {
		return nil, err
	}
	if double, ok := h.(*bridgetest.Host); ok {
		double.PutFile("here", []byte("bytes"))
	}
	if err := h.Save(context.Background(), fileKey("0123"), []byte("bytes")); err != nil {
		return nil, err
	}
	return l, nil
}

var ana = core.IdentityKey{Scheme: Scheme, Scope: "shop", Value: "a-ana"}

func TestSuite(t *testing.T) {
	bridgetest.Run(t, bridgetest.Case{
		Bridge: stocked{}, Channel: testChannel(), Settings: goodSettings(),
		Send: &bridgetest.Send{To: []core.IdentityKey{ana}, Files: map[core.ContentKind]core.Media{
			core.KindImage: {MIME: "image/png", Name: "a.png"}, core.KindVideo: {MIME: "video/mp4"}, core.KindAudio: {MIME: "audio/mpeg"}, core.KindVoice: {MIME: "audio/ogg"},
			core.KindDocument: {MIME: "application/pdf", Name: `a "b".pdf`}},
			Contents: []core.Content{{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Options: []core.Option{{ID: "a", Title: "A"}, {Title: "B"}}}}}},
		Media: &core.Media{Provider: "0123", MIME: "image/png"}, Act: &core.Act{Action: core.ActionRead, Target: "m", To: []core.IdentityKey{ana}},
		Answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
	})
}
