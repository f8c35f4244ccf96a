package whatsapptest

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"go.mau.fi/whatsmeow/appstate"
	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waServerSync"
	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
)

// appState is what an account's devices agree on: names, archived chats, settings. It is a list of signed changes for each collection.
type appState struct {
	mu     sync.Mutex
	key    []byte
	proc   *appstate.Processor
	states map[appstate.WAPatchName]appstate.HashState
	log    map[appstate.WAPatchName][][]byte
}

// stateKey names the one key that an account's changes are sealed with.
var stateKey = []byte{0, 0, 0, 0, 0, 1}

// newAppState is that of an account in use: a collection without a change would count as never synchronized.
func newAppState(owner string) *appState {
	a := &appState{key: random(), states: map[appstate.WAPatchName]appstate.HashState{}, log: map[appstate.WAPatchName][][]byte{}}
	ring := &stateRing{NoopStore: &store.NoopStore{}, key: a.key, macs: map[string][]byte{}}
	a.proc = appstate.NewProcessor(&store.Device{AppStateKeys: ring, AppState: ring}, waLog.Noop)
	for _, name := range appstate.AllPatchNames {
		first := appstate.PatchInfo{Type: name, Mutations: []appstate.MutationInfo{{Index: []string{"sentinel"}, Version: 1, Value: &waSyncAction.SyncActionValue{}}}}
		if name == appstate.WAPatchCriticalBlock {
			first = appstate.BuildSettingPushName(owner)
		}
		if _, err := a.change(first); err != nil {
			panic(err) // nothing comes from outside here
		}
	}
	return a
}

// stateRing keeps what the sums of the collections are made of.
type stateRing struct {
	*store.NoopStore
	key  []byte
	macs map[string][]byte
}

func (r *stateRing) GetAppStateSyncKey(context.Context, []byte) (*store.AppStateSyncKey, error) {
	return &store.AppStateSyncKey{Data: r.key}, nil
}

func (r *stateRing) PutAppStateMutationMACs(_ context.Context, name string, _ uint64, ms []store.AppStateMutationMAC) error {
	for _, m := range ms {
		r.macs[name+string(m.IndexMAC)] = m.ValueMAC
	}
	return nil
}

func (r *stateRing) DeleteAppStateMutationMACs(_ context.Context, name string, indexes [][]byte) error {
	for _, i := range indexes {
		delete(r.macs, name+string(i))
	}
	return nil
}

func (r *stateRing) GetAppStateMutationMAC(_ context.Context, name string, index []byte) ([]byte, error) {
	return r.macs[name+string(index)], nil
}

// change adds a change and returns the collection's new version.
func (a *appState) change(info appstate.PatchInfo) (uint64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	raw, err := a.proc.EncodePatch(context.Background(), stateKey, a.states[info.Type], info)
	if err != nil {
		return 0, err
	}
	return a.add(info.Type, raw)
}

// add takes a sealed change, of the phone or of another device.
func (a *appState) add(name appstate.WAPatchName, raw []byte) (uint64, error) {
	var patch waServerSync.SyncdPatch
	if err := proto.Unmarshal(raw, &patch); err != nil {
		return 0, err
	}
	version := a.states[name].Version + 1
	patch.Version = &waServerSync.SyncdVersion{Version: &version}
	_, state, err := a.proc.DecodePatches(context.Background(), &appstate.PatchList{Name: name, Patches: []*waServerSync.SyncdPatch{&patch}}, a.states[name], true)
	if err != nil {
		return 0, err
	}
	a.states[name], a.log[name] = state, append(a.log[name], mustMarshal(&patch))
	return version, nil
}

var errBehind = errors.New("the change was made on an older version")

// sync answers a device's question for one collection, and takes its change of it.
func (a *appState) sync(n *wa.Node) wa.Node {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := appstate.WAPatchName(text(n, "name"))
	since, _ := strconv.Atoi(text(n, "version"))
	out := wa.Node{Tag: "collection", Attrs: wa.Attrs{"name": string(name)}}
	var err error
	if raw := content(n, "patch"); raw != nil {
		if uint64(since) != a.states[name].Version {
			err = errBehind
		} else if _, err = a.add(name, raw); err == nil {
			since = len(a.log[name])
		}
	}
	var parts []wa.Node
	if err != nil {
		out.Attrs["type"] = "error"
		parts = append(parts, wa.Node{Tag: "error", Attrs: wa.Attrs{"code": 409, "text": err.Error()}})
	}
	var patches []wa.Node
	for _, raw := range a.log[name][min(since, len(a.log[name])):] {
		patches = append(patches, wa.Node{Tag: "patch", Content: raw})
	}
	out.Attrs["version"] = a.states[name].Version
	out.Content = append(parts, wa.Node{Tag: "patches", Content: patches})
	return out
}

// syncState answers which changes a device has missed.
func (l *line) syncState(n *wa.Node) {
	sync := n.GetChildByTag("sync")
	var out []wa.Node
	for _, c := range sync.GetChildrenByTag("collection") {
		out = append(out, l.device.phone.state.sync(&c))
		l.server.change(func() { l.device.synced[text(&c, "name")] = true })
	}
	l.answer(n, wa.Node{Tag: "sync", Content: out})
}

// Changes makes a change of the account's state on the phone, such as those that package appstate builds.
func (p *Phone) Changes(info appstate.PatchInfo) {
	p.server.t.Helper()
	version, err := p.state.change(info)
	if err != nil {
		p.server.t.Fatalf("change %s: %v", info.Type, err)
	}
	p.server.toAccount(p.lid, wa.Node{Tag: "notification", Attrs: wa.Attrs{"from": types.ServerJID, "type": "server_sync", "id": p.server.nextID(), "t": now()},
		Content: []wa.Node{{Tag: "collection", Attrs: wa.Attrs{"name": string(info.Type), "version": version}}}})
}

// Names saves a contact under a name in the phone's address book.
func (p *Phone) Names(c *Contact, name string) {
	p.server.t.Helper()
	p.Changes(appstate.PatchInfo{Type: appstate.WAPatchCriticalUnblockLow, Mutations: []appstate.MutationInfo{{Index: []string{appstate.IndexContact, c.pn.String()},
		Version: 2, Value: &waSyncAction.SyncActionValue{ContactAction: &waSyncAction.ContactAction{FullName: &name, LidJID: proto.String(c.lid.String()),
			SaveOnPrimaryAddressbook: proto.Bool(true)}}}}})
}

// Archives puts a chat away, or takes it out again.
func (p *Phone) Archives(c *Contact, away bool) {
	p.server.t.Helper()
	info := appstate.PatchInfo{Type: appstate.WAPatchRegularLow, Mutations: []appstate.MutationInfo{{Index: []string{appstate.IndexArchive, c.lid.String()},
		Version: 3, Value: &waSyncAction.SyncActionValue{ArchiveChatAction: &waSyncAction.ArchiveChatAction{Archived: &away}}}}}
	p.Changes(info)
}

// shareKey gives a device the key to the account's state.
func (p *Phone) shareKey() *waE2E.ProtocolMessage {
	return &waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_APP_STATE_SYNC_KEY_SHARE.Enum(), AppStateSyncKeyShare: &waE2E.AppStateSyncKeyShare{
		Keys: []*waE2E.AppStateSyncKey{{KeyID: &waE2E.AppStateSyncKeyId{KeyID: stateKey}, KeyData: &waE2E.AppStateSyncKeyData{KeyData: p.state.key,
			Timestamp: proto.Int64(now()), Fingerprint: &waE2E.AppStateSyncKeyFingerprint{RawID: proto.Uint32(1), CurrentIndex: proto.Uint32(1)}}}}}}
}
