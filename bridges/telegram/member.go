package telegram

import (
	"encoding/json"

	"causeway/core"
)

// membership turns news of the bot's place in a private chat into what the customer wants: who blocks the bot puts it out, who unblocks it lets it in
// again. The owner's account, to which the bot may be connected, is not blocked with it. Groups say by their refusals that the bot was put out.
func (u update) membership(raw json.RawMessage) core.Event {
	var m struct {
		Chat chat   `json:"chat"`
		Date number `json:"date"`
		Now  struct {
			Status text `json:"status"`
		} `json:"new_chat_member"`
	}
	_ = json.Unmarshal(raw, &m)
	out := m.Now.Status == "kicked"
	if !m.Chat.private() || m.Chat.ID == 0 || !out && m.Now.Status != "member" {
		return u.other("my_chat_member")
	}
	e := u.inTurn(stamp(u.event(core.EventPreference, "my_chat_member"), m.Date))
	e.Origin, e.Raw = core.OriginCustomer, nil
	e.Peer = core.Peer{Name: fullName(m.Chat.First, m.Chat.Last), Identities: []core.IdentityKey{address{chat: int64(m.Chat.ID)}.key()}}
	e.Preference = &core.PreferenceBody{Stop: out, Block: true}
	return e
}
