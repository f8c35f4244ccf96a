package twilio

import (
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/sms/twilio/twiliotest"
	"causeway/core"
)

// TestDescribed: every call that the bridge makes of the old interface is one that Twilio describes.
func TestDescribed(t *testing.T) {
	doc := twiliotest.Load(t, fixtures+"/specs")
	s := newStandIn(t, func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/2010-04-01/") && !strings.Contains(req.URL.Path, "ShortCodes") {
			doc.Described(t, req)
		}
		well(w, req)
	})
	for _, sender := range []string{ourNumber, "24453", "Shop", serviceSID, "whatsapp:" + ourNumber} {
		h := bridgetest.NewHost(t)
		l := openLink(t, h, keySender, sender, keyBase, s.URL)
		all := bridgetest.Everything(t, h, l.Capabilities())
		all["template"] = someContents()[2]
		for name, c := range all {
			if _, err := l.Send(t.Context(), core.Outgoing{Key: "part-1", To: []core.IdentityKey{ana}, Content: c, Template: someTemplate()}); err != nil {
				t.Errorf("%s from %s: %v", name, sender, err)
			}
		}
		l.Check(t.Context())
		if err := l.Subscribe(t.Context(), hookURL); err != nil {
			t.Errorf("subscribe %s: %v", sender, err)
		}
	}
}
