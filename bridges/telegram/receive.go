package telegram

import (
	"context"
	"encoding/json"
	"net/http"

	"causeway/core"
)

const secretHeader = "X-Telegram-Bot-Api-Secret-Token" //nolint:gosec // the name of a header

// Receive implements core.WebhookLink. A pressed button is answered in the same breath: Telegram takes the call of a method as our answer.
func (l hooked) Receive(ctx context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
	if r.Method != http.MethodPost || !l.authentic(r.Header) {
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	if !json.Valid(r.Body) {
		return core.WebhookAnswer{}, nil, core.Problemf(core.CodeInvalid, "The webhook's body is not JSON.")
	}
	u := l.open(r.Body)
	events := u.events()
	if err := l.remember(ctx, u); err != nil {
		return core.WebhookAnswer{}, nil, err
	}
	return answer(u.pressed()), events, nil
}

// authentic checks where a webhook comes from, before anything of it is read. Telegram does not sign; it shows the secret it was given.
func (l hooked) authentic(h http.Header) bool {
	shown := h.Values(secretHeader)
	return len(shown) == 1 && l.conf.verify.Same(shown[0])
}

func answer(button string) core.WebhookAnswer {
	if button == "" {
		return core.WebhookAnswer{}
	}
	raw, err := json.Marshal(params{"method": "answerCallbackQuery", "callback_query_id": button})
	if err != nil {
		return core.WebhookAnswer{}
	}
	return core.WebhookAnswer{Type: "application/json", Body: raw}
}
