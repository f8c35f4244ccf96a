package whatsappdevice

import (
	"context"
	"fmt"

	"causeway/core"
)

// tellNumber tells which number the channel serves, as pairing proved it, before anything else comes in: the Cloud API may serve the same one.
func (s *session) tellNumber(ctx context.Context) error {
	if ch := s.link.channel; ch.Number == s.own.User && ch.Phone {
		return nil
	}
	now := s.link.host.Now()
	return s.link.host.Emit(ctx, core.Event{Kind: core.EventAccount, ID: fmt.Sprintf("number/%s/%d", s.own.User, now.UnixNano()), At: now, Origin: core.OriginGateway,
		Change: &core.AccountBody{Name: "number", Detail: "The device is linked to the phone with the number +" + s.own.User + ".", Number: s.own.User, Phone: true}})
}
