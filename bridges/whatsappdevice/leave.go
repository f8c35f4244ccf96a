package whatsappdevice

import (
	"context"
	"errors"

	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types/events"
)

var _ core.LeaveLink = (*link)(nil)

// Leave implements core.LeaveLink: it unlinks the device, so that the phone does not list it any more.
func (l *link) Leave(ctx context.Context, _ string, _ []core.Channel) error {
	device, err := l.device(ctx)
	if err != nil {
		return err
	}
	if device == nil || device.ID == nil {
		return nil
	}
	l.freshen(ctx)
	if err := l.unlink(ctx, device); err != nil {
		return core.Problemf(core.CodeUnavailable, "The phone may still list Causeway as a linked device.").
			Remedied("Log it out on the phone: WhatsApp, Settings, Linked devices.").Because(err)
	}
	return nil
}

// unlink connects the device once more, to take its leave. What comes in meanwhile is not acknowledged: the phone has it.
func (l *link) unlink(ctx context.Context, device *store.Device) error {
	wire, cut := context.WithCancel(context.WithoutCancel(ctx)) // as for a session: the connection is closed before its context ends
	defer cut()
	up := make(chan error, 1)
	client := l.parting(device, up)
	client.BackgroundEventCtx = wire
	defer client.Disconnect()
	dialled := context.AfterFunc(ctx, cut)
	err := client.ConnectContext(wire)
	dialled()
	if err != nil {
		return err
	}
	select {
	case err := <-up:
		switch {
		case errors.Is(err, errUnlinked):
			return nil
		case err != nil:
			return err
		}
		return client.Logout(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errUnlinked says that the phone does not list the device any more.
var errUnlinked = errors.New("the device was unlinked before")

// parting makes the client of a device that takes its leave. Up gets nil when it is logged in, or why it will not be.
func (l *link) parting(device *store.Device, up chan<- error) *whatsmeow.Client {
	client := whatsmeow.NewClient(device, log{l.host.Log()})
	client.SetPreLoginHTTPClient(l.http)
	client.SetWebsocketHTTPClient(l.http)
	client.EnableAutoReconnect, client.DisableLoginAutoReconnect = false, true
	client.SynchronousAck = true
	client.AddEventHandlerWithSuccessStatus(func(evt any) bool {
		var said error
		switch e := evt.(type) {
		case *events.Connected:
		case *events.LoggedOut:
			said = errUnlinked
		case *events.ConnectFailure:
			said = errors.New(e.Reason.String())
		case *events.Disconnected, *events.StreamReplaced, *events.ClientOutdated, *events.TemporaryBan:
			said = errors.New("WhatsApp ended the connection")
		default:
			return false
		}
		select {
		case up <- said:
		default: // what came first is what counts
		}
		return true
	})
	return client
}
