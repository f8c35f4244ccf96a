package whatsappdevice

import (
	"context"
	"fmt"

	"causeway/core"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// Each pair of a number and a LID is stored under both.
func lidName(user string) string    { return "l:" + user }
func numberName(user string) string { return "p:" + user }

// PutLIDMapping implements store.LIDStore.
func (r *records) PutLIDMapping(ctx context.Context, lid, pn types.JID) error {
	if lid.Server != types.HiddenUserServer || pn.Server != types.DefaultUserServer {
		return fmt.Errorf("%s and %s are not a LID and a number", lid, pn)
	}
	return r.PutManyLIDMappings(ctx, []store.LIDMapping{{LID: lid, PN: pn}})
}

// PutManyLIDMappings implements store.LIDStore. What is no LID and number is passed over.
func (r *records) PutManyLIDMappings(ctx context.Context, mappings []store.LIDMapping) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	var names []string
	for _, m := range mappings {
		names = append(names, lidName(m.LID.User), numberName(m.PN.User))
	}
	known, err := r.getMany(ctx, spaceLID, names)
	if err != nil {
		return err
	}
	var changes []core.Change
	for _, m := range mappings {
		if m.LID.Server == types.HiddenUserServer && m.PN.Server == types.DefaultUserServer {
			changes = append(changes, join(known, m.LID.User, m.PN.User)...)
		}
	}
	return r.apply(ctx, changes...)
}

// join makes a LID and a number a pair in what is known, and parts each from who was its other half.
func join(known map[string][]byte, lid, pn string) (changes []core.Change) {
	wasLID, wasPN := string(known[numberName(pn)]), string(known[lidName(lid)])
	if wasLID == lid && wasPN == pn {
		return nil
	}
	if wasLID != "" && wasLID != lid {
		changes = append(changes, core.Forget(spaceLID, lidName(wasLID)))
		delete(known, lidName(wasLID))
	}
	if wasPN != "" && wasPN != pn {
		changes = append(changes, core.Forget(spaceLID, numberName(wasPN)))
		delete(known, numberName(wasPN))
	}
	known[lidName(lid)], known[numberName(pn)] = []byte(pn), []byte(lid)
	return append(changes, core.Keep(spaceLID, lidName(lid), []byte(pn)), core.Keep(spaceLID, numberName(pn), []byte(lid)))
}

// GetPNForLID implements store.LIDStore. An empty JID: it is not known.
func (r *records) GetPNForLID(ctx context.Context, lid types.JID) (types.JID, error) {
	if lid.Server != types.HiddenUserServer {
		return types.JID{}, fmt.Errorf("%s is no LID", lid)
	}
	return r.otherHalf(ctx, lidName(lid.User), lid.Device, types.DefaultUserServer)
}

// GetLIDForPN implements store.LIDStore. An empty JID: it is not known.
func (r *records) GetLIDForPN(ctx context.Context, pn types.JID) (types.JID, error) {
	if pn.Server != types.DefaultUserServer {
		return types.JID{}, fmt.Errorf("%s is no number", pn)
	}
	return r.otherHalf(ctx, numberName(pn.User), pn.Device, types.HiddenUserServer)
}

func (r *records) otherHalf(ctx context.Context, name string, device uint16, server string) (types.JID, error) {
	user, err := r.get(ctx, spaceLID, name)
	if err != nil || len(user) == 0 {
		return types.JID{}, err
	}
	return types.JID{User: string(user), Device: device, Server: server}, nil
}

// GetManyLIDsForPNs implements store.LIDStore. Those that are not known are not in the answer.
func (r *records) GetManyLIDsForPNs(ctx context.Context, pns []types.JID) (map[types.JID]types.JID, error) {
	if len(pns) == 0 {
		return nil, nil
	}
	var names []string
	for _, pn := range pns {
		names = append(names, numberName(pn.User))
	}
	known, err := r.getMany(ctx, spaceLID, names)
	if err != nil {
		return nil, err
	}
	all := make(map[types.JID]types.JID, len(pns))
	for _, pn := range pns {
		if user := known[numberName(pn.User)]; pn.Server == types.DefaultUserServer && len(user) > 0 {
			all[pn] = types.JID{User: string(user), Device: pn.Device, Server: types.HiddenUserServer}
		}
	}
	return all, nil
}

// bothNames returns a JID without its device, and the same person's under the other kind of name, if that is known.
func (r *records) bothNames(ctx context.Context, jid types.JID) ([]string, error) {
	jid = jid.ToNonAD()
	names := []string{jid.String()}
	var other types.JID
	var err error
	switch jid.Server {
	case types.HiddenUserServer:
		other, err = r.GetPNForLID(ctx, jid)
	case types.DefaultUserServer:
		other, err = r.GetLIDForPN(ctx, jid)
	}
	if err == nil && !other.IsEmpty() {
		names = append(names, other.String())
	}
	return names, err
}
