package simulator

// DefaultTemplates are those of the demo's business, in its customers' three languages.
func DefaultTemplates() []Template {
	text := func(s string, examples ...string) Component {
		c := Component{Type: "BODY", Text: s}
		if len(examples) > 0 {
			c.Example = map[string]any{"body_text": [][]string{examples}}
		}
		return c
	}
	return []Template{
		{Name: "hello_world", Components: []Component{
			{Type: "HEADER", Format: "TEXT", Text: "Hello World"},
			text("Welcome and congratulations!! This message demonstrates your ability to send a WhatsApp message notification."),
			{Type: "FOOTER", Text: "WhatsApp Business Platform sample message"},
		}},
		{Name: "we_are_back", Components: []Component{
			text("Hello {{1}}, we have an answer to your question about {{2}}. Shall we go on here?", "Mona", "your order"),
			{Type: "BUTTONS", Buttons: []TemplateButton{{Type: "QUICK_REPLY", Text: "Yes, please"}, {Type: "QUICK_REPLY", Text: "Not any more"}}},
		}},
		{Name: "we_are_back", Language: "ar", Components: []Component{
			text("مرحبا {{1}}، لدينا رد على سؤالك حول {{2}}. هل نتابع هنا؟", "منى", "طلبك"),
			{Type: "BUTTONS", Buttons: []TemplateButton{{Type: "QUICK_REPLY", Text: "نعم"}, {Type: "QUICK_REPLY", Text: "لا، شكرا"}}},
		}},
		{Name: "we_are_back", Language: "ru", Components: []Component{
			text("Здравствуйте, {{1}}! У нас есть ответ на ваш вопрос: {{2}}. Продолжим здесь?", "Ирина", "ваш заказ"),
			{Type: "BUTTONS", Buttons: []TemplateButton{{Type: "QUICK_REPLY", Text: "Да, конечно"}, {Type: "QUICK_REPLY", Text: "Уже не нужно"}}},
		}},
		{Name: "order_shipped", ParameterFormat: "NAMED", Components: []Component{
			{Type: "BODY", Text: "Hi {{first_name}}, your order {{order}} is on its way.", Example: map[string]any{
				"body_text_named_params": []map[string]string{
					{"param_name": "first_name", "example": "Mona"}, {"param_name": "order", "example": "1042"},
				},
			}},
			{Type: "BUTTONS", Buttons: []TemplateButton{{Type: "URL", Text: "Track it", URL: "https://track.example.com/{{1}}", Codes: []string{"https://track.example.com/1042"}}}},
		}},
		{Name: "offer_picture", Category: "MARKETING", Components: []Component{
			{Type: "HEADER", Format: "IMAGE", Example: map[string]any{"header_handle": []string{"https://scontent.example.com/offer.jpg"}}},
			text("Our offer of the week for {{1}}.", "Mona"),
		}},
	}
}
