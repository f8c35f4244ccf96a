package whatsappdevice

import (
	"errors"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func TestSettings(t *testing.T) {
	for _, c := range []struct{ key, value, field string }{
		{keyPhone, "030 123456", keyPhone}, {keyPhone, "+49", keyPhone}, {keyPhone, "call me", keyPhone}, {keyPhone, "4915112345678", keyPhone}, {keyPhone, "4930123456", ""},
		{keyInitiate, "maybe", keyInitiate}, {keyInitiate, allowed, ""}, {keyLater, "yes", keyLater}, {keyGroups, on, ""}, {keyHistory, off, ""},
		{keyDaily, "0", keyDaily}, {keyDaily, "many", keyDaily}, {keyHourly, "1", ""}, {keyWarmUp, "0", ""}, {keyWarmUp, "-1", keyWarmUp},
		{keyServer, "localhost", keyServer}, {keyServer, "http://127.0.0.1:80/", ""},
	} {
		_, err := Bridge{}.Open(core.Channel{}, bridgetest.With(goodSettings(), c.key, c.value), bridgetest.NewHost(t))
		var p *core.Problem
		field := ""
		if errors.As(err, &p) {
			field = p.Field
		}
		if field != c.field || (err == nil) != (c.field == "") || p != nil && p.Remedy == "" {
			t.Errorf("%s = %q: got %v, want a problem with %q", c.key, c.value, err, c.field)
		}
	}
}

func TestCapabilities(t *testing.T) {
	for _, c := range []struct {
		pairs    []string
		after    core.After
		initiate bool
	}{{nil, core.AfterNothing, false}, {[]string{keyLater, answer}, core.AfterAnything, false}, {[]string{keyInitiate, allowed}, core.AfterAnything, true}} {
		can := openLink(t, bridgetest.NewHost(t), c.pairs...).Capabilities()
		if can.Window.After != c.after || can.MayInitiate != c.initiate {
			t.Errorf("%v: got %+v, may initiate %v", c.pairs, can.Window, can.MayInitiate)
		}
	}
}
