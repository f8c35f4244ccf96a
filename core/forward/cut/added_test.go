package cut

import "testing"

// TestAdded shows what servers and programs add to mails, and what looks like it and is the agent's.
func TestAdded(t *testing.T) {
	const (
		quote   = "On 21 Nov 2026 10:42, Mona wrote:\n> Hello,\n> our last message about order 1042.\n"
		caution = "CAUTION: This email originated from outside of the organization. Do not click links or open attachments unless you recognize the sender."
	)
	for name, text := range map[string]string{
		"secrecy without the word": "Yes.\n\n" + quote + "\nThe information contained in this communication is intended solely for the use of the individual or entity to whom it is addressed. Others may not use, copy or disclose it.\n",
		"secrecy in short":         "Yes.\n\n" + quote + "\nThis e-mail is confidential.\n",
		"printing":                 "Yes.\n\nPlease consider the environment before printing this e-mail.\n\n" + quote,
		"printing, german":         "Yes.\n\n" + quote + "\nDenken Sie an die Umwelt, bevor Sie diese E-Mail ausdrucken.\n",
		"printing, arabic":         "Yes.\n\nيرجى مراعاة البيئة قبل طباعة هذه الرسالة.\n",
		"a scanner":                "Yes.\n\n" + quote + "\n--\nDiese E-Mail wurde von Avast-Antivirussoftware auf Viren geprüft.\nwww.avast.com\n",
		"a caution":                caution + "\n\nYes.\n\n" + quote,
		"a caution, german":        "ACHTUNG: Diese E-Mail stammt von einem externen Absender. Klicken Sie nicht auf Links.\n\nYes.\n\n" + quote,
		"a caution, russian":       "ВНИМАНИЕ! Это письмо от внешнего отправителя. Не открывайте вложения и ссылки.\n\nYes.\n",
		"a heading, russian":       "Yes.\n\nУВЕДОМЛЕНИЕ О КОНФИДЕНЦИАЛЬНОСТИ: Это сообщение и вложения содержат конфиденциальную информацию.\n\n" + quote,
		"a heading, arabic":        "Yes.\n\nإشعار السرية: تحتوي هذه الرسالة على معلومات سرية.\n",
		"a heading, german":        "Yes.\n\nVertraulichkeitshinweis: Diese Nachricht ist nur für den Empfänger bestimmt.\n\n" + quote,
		"to the wrong, english":    "Yes.\n\nThis e-mail is for the sole use of the intended recipient(s). Any unauthorized review, use, disclosure or distribution is prohibited.\n",
		"to the wrong, arabic":     "Yes.\n\nهذه الرسالة ومرفقاتها سرية ومخصصة للمرسل إليه فقط. إذا استلمت هذه الرسالة عن طريق الخطأ، يرجى إبلاغ المرسل وحذفها فورًا.\n\n" + quote,
		"to the wrong, russian":    "Yes.\n\nИнформация, содержащаяся в данном письме, является конфиденциальной. Любое её копирование без согласия отправителя запрещено.\n",
		"no offer":                 "Yes.\n\nСодержание настоящего письма не является офертой или акцептом, если прямо не указано иное.\n",
		"a group":                  "Yes.\n\n" + quote + "\n-- \nYou received this message because you are subscribed to the Google Groups \"Support\" group.\nTo unsubscribe from this group, send an email to support+unsubscribe@shop.example.\n",
		"a scanner of messages":    "Yes.\n\n--\nThis message was scanned by Libraesva ESG and is believed to be clean.\n",
		"outlook's caution":        "No suele recibir correo electrónico de mona@shop.example. Por qué es importante (https://aka.ms/LearnAboutSenderIdentification)\n\nYes.\n\n" + quote,
		"a tag":                    "[EXTERNAL]\n\nYes.\n",
	} {
		if r := Reply(Mail{Text: text}); r.Text != "Yes." || !r.Sure {
			t.Errorf("%s: got %q, sure %v (%s)", name, r.Text, r.Sure, r.How)
		}
	}
	rule := "<div>Yes.</div><hr><div>Think before you print.</div>"
	if r := Reply(Mail{HTML: rule}); r.Text != "Yes." || !r.Sure {
		t.Errorf("a plea right under a rule: got %q, sure %v (%s)", r.Text, r.Sure, r.How)
	}
	html := "<div><b>CAUTION:</b></div><div>" + caution[9:] + "</div><div>Yes.</div><div><br></div><div>Tomorrow.</div>"
	if r := Reply(Mail{HTML: html}); r.Text != "Yes.\n\nTomorrow." || !r.Sure {
		t.Errorf("a caution right above: got %q, sure %v (%s)", r.Text, r.Sure, r.How)
	}
	if r := Reply(Mail{Text: "Caution: external mail.\nDo not click links.\nYes.\n\nTomorrow.\n"}); r.Sure {
		t.Errorf("words right under a caution are taken off unasked: %q", r.Text)
	}
	for _, text := range []string{
		"Warning: our mail server is down.\n\nPlease call us.",
		"Please do not click links in mails from outside.\n\nWe never ask for passwords.",
		"External walls: 19 EUR a metre.\n\nInternal walls: 15 EUR.",
		"Our ink is good for the environment and for printing.",
		"Yes.\n\nYour computer has a virus.",
		"Hello,\n\nyour documents are confidential, send them by e-mail.",
		"[extra]\n\nYes.",
		"Hello,\n\nwe sent a message to the wrong recipient by mistake. Please delete it, and forgive us: it holds confidential data of another customer of ours.",
		"Здравствуйте!\n\nПредыдущее письмо попало к вам по ошибке, удалите его, пожалуйста. Ваш заказ приедет завтра, как мы и договорились с вами по телефону.",
		"مرحبا،\n\nوصلتك رسالتنا السابقة بالخطأ، يرجى حذفها. طلبك يصل غدًا كما اتفقنا معك بالهاتف صباح اليوم، ونعتذر منك عن هذا الإزعاج.",
		"Guten Tag,\n\ndie Nachricht von gestern war versehentlich an Sie gerichtet, bitte löschen Sie die Mail. Ihre Bestellung kommt morgen, wie am Telefon besprochen.",
		"Hello,\n\nto unsubscribe from our newsletter, please write to leave@shop.example.",
		"Hello,\n\nprivacy matters to us. Your message is kept for 30 days.",
		caution,
	} {
		if r := Reply(Mail{Text: text}); r.Text != text || !r.Sure {
			t.Errorf("%q: got %q, sure %v (%s)", text, r.Text, r.Sure, r.How)
		}
	}
}
