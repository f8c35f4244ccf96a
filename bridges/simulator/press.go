package simulator

import (
	"encoding/json"
	"strings"
)

// Press taps a button, list row or flow in what the business sent last, by its id or title. It returns
// an empty id if there is no such button.
func (c *Customer) Press(idOrTitle string) string {
	chat := c.Received()
	for i := len(chat) - 1; i >= 0; i-- {
		for _, b := range chat[i].Buttons {
			if b.Pressable() && (b.ID == idOrTitle || strings.EqualFold(b.Title, idOrTitle)) {
				return c.press(chat[i], b)
			}
		}
	}
	return ""
}

// PressIn is Press within one message.
func (c *Customer) PressIn(wamid, idOrTitle string) string {
	m, _ := c.Message(wamid)
	for _, b := range m.Buttons {
		if b.Pressable() && (b.ID == idOrTitle || strings.EqualFold(b.Title, idOrTitle)) {
			return c.press(m, b)
		}
	}
	return ""
}

func (c *Customer) press(m ChatMessage, b Button) string {
	a := act{
		kind: "interactive", opens: true, context: c.quoting(m.ID),
		message: &ChatMessage{Text: b.Title, Quote: m.ID},
	}
	switch b.Kind {
	case "quick_reply":
		a.kind, a.body = "button", obj{"payload": b.ID, "text": b.Title}
	case "reply":
		a.body = obj{"type": "button_reply", "button_reply": obj{"id": b.ID, "title": b.Title}}
	case "row":
		row := obj{"id": b.ID, "title": b.Title}
		if b.Description != "" {
			row["description"] = b.Description
		}
		a.body = obj{"type": "list_reply", "list_reply": row}
	case "flow":
		return c.SubmitFlow(m.ID, map[string]any{"flow_token": b.ID})
	case "contact":
		c.HidePhone(false)
		return c.SendContact(Contact{Name: c.Name(), Phones: []string{"+" + c.Phone()}})
	case "location":
		return c.SendLocation(Location{Latitude: 52.5163, Longitude: 13.3777, Name: "Brandenburg Gate"})
	}
	return c.do(a)
}

// SubmitFlow answers a flow with the form's values.
func (c *Customer) SubmitFlow(wamid string, values map[string]any) string {
	raw, err := json.Marshal(values)
	if err != nil {
		return ""
	}
	return c.do(act{
		kind: "interactive", opens: true, context: c.quoting(wamid),
		message: &ChatMessage{Text: "Sent the form", Quote: wamid},
		body: obj{"type": "nfm_reply", "nfm_reply": obj{
			"response_json": string(raw), "body": "Sent", "name": "flow",
		}},
	})
}

// OrderItem is one line of a customer's order from the catalogue.
type OrderItem struct {
	Product  string
	Quantity int
	Price    float64
	Currency string
}

// Order sends a basket.
func (c *Customer) Order(catalog, text string, items ...OrderItem) string {
	lines := make([]obj, len(items))
	for i, it := range items {
		lines[i] = obj{
			"product_retailer_id": it.Product, "quantity": it.Quantity,
			"item_price": it.Price, "currency": it.Currency,
		}
	}
	return c.do(act{
		kind: "order", opens: true, message: &ChatMessage{Text: text},
		body: obj{"catalog_id": catalog, "text": text, "product_items": lines},
	})
}
