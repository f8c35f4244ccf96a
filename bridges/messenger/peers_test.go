package messenger

import (
	"encoding/json"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
	"causeway/core/outbound"
)

const peersFile = "testdata/peers/peers.json"

func TestPeersInbound(t *testing.T) {
	inbox.PeersInbound(t, bridgetest.LoadPeers(t, fixtureFolder, peersFile), "facebook_legacy")
}

// TestEveryPayload: whatever peers have as samples becomes what the table says, and twice the same.
func TestEveryPayload(t *testing.T) {
	inbox.EveryPayload(t, bridgetest.LoadPeers(t, fixtureFolder, peersFile), core.EventMessage, core.EventReceipt, core.EventReaction, core.EventAccount, core.EventOther)
}

// TestPeersOutbound: what a peer sends for a message, we send too, or the table says why not. That all of ours carry a key is no difference.
func TestPeersOutbound(t *testing.T) {
	inbox.PeersOutbound(t, bridgetest.LoadPeers(t, fixtureFolder, peersFile), outbound.Cut)
}

// TestPeerProfiles: the names that a peer's platform double knows.
func TestPeerProfiles(t *testing.T) {
	var doubles struct {
		Messenger []struct {
			Path string `json:"path_suffix"`
			Body struct {
				First string `json:"first_name"`
				Last  string `json:"last_name"`
			}
		}
	}
	if err := json.Unmarshal(bridgetest.Fixture(t, fixtureFolder, "platform_mocks.json"), &doubles); err != nil || len(doubles.Messenger) == 0 {
		t.Fatal(err)
	}
	for _, d := range doubles.Messenger {
		body, _ := json.Marshal(map[string]string{"first_name": d.Body.First, "last_name": d.Body.Last})
		g := inbox.StandIn(t, map[string]string{"/1337": string(body)})
		p, err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Profile(t.Context(), core.IdentityKey{Scheme: Scheme, Scope: pageID, Value: "1337"})
		if want := strings.TrimSpace(d.Body.First + " " + d.Body.Last); err != nil || p.Name != want {
			t.Errorf("got %+v %v, want %q", p, err, want)
		}
	}
}
