package whatsappdevice

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"sync"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func TestSuite(t *testing.T) {
	s := bridgetest.With(goodSettings(), keyWarmUp, "0", keyDaily, "1000", keyHourly, "1000")
	bridgetest.Run(t, bridgetest.Case{
		Bridge: Bridge{}, Channel: bridgetest.Channel(Bridge{}, s), Settings: s, BaseSetting: keyServer,
		Bound: &bridgetest.Bound{Begin: begin, Remains: []string{"go.mau.fi/whatsmeow/socket.(*FrameSocket).frameComplete"}},
		Media: &core.Media{}, Act: &core.Act{},
		Send: &bridgetest.Send{Files: someFiles(), Contents: someContents(), Refusals: someRefusals()},
	})
}

func someFiles() map[core.ContentKind]core.Media {
	return map[core.ContentKind]core.Media{core.KindImage: {MIME: "image/png"}, core.KindVideo: {MIME: "video/mp4"}, core.KindAudio: {MIME: "audio/mpeg"},
		core.KindVoice: {MIME: "audio/ogg"}, core.KindDocument: {MIME: "application/pdf", Name: "a.pdf"}, core.KindSticker: {MIME: "image/webp"}}
}

func someContents() []core.Content {
	return []core.Content{{Kind: core.KindLocation, Location: &core.Location{Latitude: 1, Longitude: 2}},
		{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Bo", Phones: []core.Labeled{{Value: "+4915112345679"}}}}}}
}

func someRefusals() []bridgetest.Refusal {
	refusal := func(code int, name string, effect core.Effect, wait int) bridgetest.Refusal {
		return bridgetest.Refusal{Name: name, Status: code, Outcome: core.Rejected, Effect: effect, Code: strconv.Itoa(code), AtLeast: wait}
	}
	return []bridgetest.Refusal{refusal(463, "nobody new", core.EffectFail, 0), refusal(479, "malformed", core.EffectFail, 0), refusal(403, "blocked", core.EffectFail, 0),
		refusal(404, "unknown", core.EffectFail, 0), refusal(429, "too fast", core.EffectSlow, 60), refusal(503, "trouble", core.EffectRetry, 0), refusal(777, "no reason known", core.EffectFail, 0)}
}

// begin pairs a phone of its own with the suite's channel.
func begin(t *testing.T, h *bridgetest.Host) *bridgetest.Stage {
	t.Helper()
	r := pairedTo(t, h, keyWarmUp, "0", keyDaily, "1000", keyHourly, "1000")
	r.run()
	r.wait("the session is up", r.up)
	r.ana.Text("hello")
	r.ana.Image([]byte("a picture"), "")
	media := r.event("the picture is stored", func(e core.Event) bool { return e.Message != nil && e.Message.Content.Media != nil }).Message.Content.Media
	hello := r.message("hello")
	r.phone.Settled()
	s := &bridgetest.Stage{Link: r.link, To: hello.Peer.Identities, Media: media,
		Act:     &core.Act{Action: core.ActionReaction, Key: "act", To: hello.Peer.Identities, Target: hello.Message.Provider, Emoji: "👍"},
		Secrets: r.secrets(), Calls: r.server.Asked, Waiting: r.phone.Unacknowledged,
		Say:    func() { r.ana.Text("something") },
		Refuse: func(f bridgetest.Refusal) { r.ana.Refuse(f.Status) },
		Mute:   func() { r.server.DropAcks(true); r.server.Stick() },
		Cut:    func() { r.server.CutOff(true) },
		Down:   func() { r.server.Down(); r.wait("the link has seen it", func() bool { return !r.up() }) },
	}
	end := sync.OnceFunc(r.stop)
	s.End = func() { end() }
	s.Again = func() {
		r.open()
		r.run()
		r.wait("the session is up again", r.up)
		s.Link, end = r.link, sync.OnceFunc(r.stop)
	}
	return s
}

// secrets are the keys of the device, as they might be printed.
func (r *rig) secrets() map[string]core.Secret {
	r.Helper()
	device, err := r.link.device(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	all := map[string]core.Secret{}
	for name, key := range map[string][]byte{"noise key": device.NoiseKey.Priv[:], "identity key": device.IdentityKey.Priv[:], "pairing secret": device.AdvSecretKey} {
		all[name+" in hex"], all[name+" in base64"] = core.NewSecret(hex.EncodeToString(key)), core.NewSecret(base64.StdEncoding.EncodeToString(key))
	}
	return all
}
