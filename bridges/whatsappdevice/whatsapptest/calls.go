package whatsapptest

import (
	wa "go.mau.fi/whatsmeow/binary"
)

// Calls has the contact call the server's one phone, which rings on its linked devices too, and returns the call's id.
func (c *Contact) Calls(video bool) string {
	c.server.t.Helper()
	id := c.server.nextID()
	media := []wa.Node{{Tag: "audio", Attrs: wa.Attrs{"enc": "opus", "rate": "16000"}}}
	if video {
		media = append(media, wa.Node{Tag: "video", Attrs: wa.Attrs{"enc": "vp8"}})
	}
	c.call(wa.Node{Tag: "offer", Attrs: wa.Attrs{"call-id": id}, Content: media}, wa.Attrs{"platform": "android", "version": "2.26.1"})
	return id
}

// CallEnds tells the linked devices that a call of the contact's no longer rings, and why: "timeout", "accepted_elsewhere".
func (c *Contact) CallEnds(id, reason string) {
	c.server.t.Helper()
	c.call(wa.Node{Tag: "terminate", Attrs: wa.Attrs{"call-id": id, "reason": reason}}, wa.Attrs{})
}

func (c *Contact) call(what wa.Node, attrs wa.Attrs) {
	what.Attrs["call-creator"], what.Attrs["caller_pn"] = c.lid, c.pn
	attrs["from"], attrs["id"], attrs["t"] = c.lid, c.server.nextID(), now()
	c.server.toAccount(c.server.only().lid, wa.Node{Tag: "call", Attrs: attrs, Content: []wa.Node{what}})
}
