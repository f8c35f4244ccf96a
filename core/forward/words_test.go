package forward

import (
	"strings"
	"testing"
	"unicode/utf8"

	"causeway/core"

	"pgregory.net/rapid"
)

func TestDirection(t *testing.T) {
	for text, want := range map[string]string{"hello": "ltr", "مرحبا": "rtl", "שלום": "rtl", "12 👍": "", "": "", "WhatsApp رقم الطلب": "rtl", "order مرحبا number": "ltr"} {
		if got := direction(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestSteer(t *testing.T) {
	for text, want := range map[string]string{
		"hello":                        "hello",
		"مرحبا":                        "مرحبا",
		"WhatsApp رقم الطلب":           "\u200fWhatsApp رقم الطلب",
		"12\nمرحبا":                    "12\nمرحبا",
		"مرحبا is a greeting, he said": "\u200eمرحبا is a greeting, he said",
	} {
		if got := steer(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// One line of others' text, whatever it holds, is one line without control characters and not too long.
func TestClean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		most := rapid.IntRange(2, 50).Draw(t, "most")
		got := clean(s, most)
		if strings.ContainsAny(got, "\r\n\t\x00\u202e\u2066\u2028") || utf8.RuneCountInString(got) > most || strings.TrimSpace(got) != got {
			t.Fatalf("%q became %q", s, got)
		}
	})
	if got := clean("  a  long   name\r\nBcc: x ", 100); got != "a long name Bcc: x" {
		t.Errorf("got %q", got)
	}
	if got := shorten("one two three four five six", 15); got != "one two three…" {
		t.Errorf("got %q", got)
	}
}

func TestSayTakesValuesAsTheyAre(t *testing.T) {
	words, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	f := &Forwarder{words: words}
	if got := f.tongue("en").say("reaction", "name", "{emoji} {text}", "emoji", "👍", "text", "{name}"); got != "{emoji} {text} reacted 👍 to: {name}" {
		t.Errorf("got %q", got)
	}
	for language, want := range map[string]string{"": "en", "en-GB": "en", "AR_SA": "ar", "ru": "ru", "fr": "en"} {
		if got := f.tongue(language).code; got != want {
			t.Errorf("%q is answered in %q, want %q", language, got, want)
		}
	}
}

func TestVCard(t *testing.T) {
	got := vcard(core.Card{Name: "Ali; Hassan", FirstName: "Ali", LastName: "Hassan", Company: "Acme, Inc.\nBEGIN:VCARD", Birthday: "1990-01-02",
		Phones: []core.Labeled{{Label: "work", Value: "+966 50"}, {Label: "a b", Value: "1"}}, Addresses: []core.Labeled{{Value: "Street 1"}}})
	want := "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ali\\; Hassan\r\nN:Hassan;Ali;;;\r\nORG:Acme\\, Inc.\\nBEGIN:VCARD\r\nBDAY:1990-01-02\r\nTEL;TYPE=WORK:+966 50\r\nTEL:1\r\nADR:;;Street 1;;;;\r\nEND:VCARD\r\n"
	if got != want {
		t.Errorf("got\n%q want\n%q", got, want)
	}
	own := "BEGIN:VCARD\nFN:x\nEND:VCARD"
	if got := vcard(core.Card{Name: "y", VCard: own}); got != own {
		t.Errorf("the provider's own became %q", got)
	}
}

func TestFileNames(t *testing.T) {
	for _, c := range []struct {
		kind core.ContentKind
		m    core.Media
		want string
	}{
		{core.KindImage, core.Media{MIME: "image/jpeg"}, "image.jpg"},
		{core.KindVoice, core.Media{MIME: "audio/ogg"}, "voice.ogg"},
		{core.KindAudio, core.Media{MIME: "audio/mp4"}, "audio.m4a"},
		{core.KindVideo, core.Media{MIME: "video/mp4"}, "video.mp4"},
		{core.KindDocument, core.Media{MIME: "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}, "document"},
		{core.KindDocument, core.Media{MIME: "application/pdf", Name: "a\r\nb.pdf"}, "a b.pdf"},
		{core.KindDocument, core.Media{}, "document"},
	} {
		if got := fileName(c.kind, c.m); got != c.want {
			t.Errorf("%v is called %q, want %q", c.m, got, c.want)
		}
	}
}

func TestMediaType(t *testing.T) {
	for _, c := range []struct {
		f    IncomingFile
		want string
	}{
		{IncomingFile{MIME: "image/jpg"}, "image/jpeg"},
		{IncomingFile{MIME: "audio/x-m4a"}, "audio/mp4"},
		{IncomingFile{MIME: "Application/PDF; name=x"}, "application/pdf"},
		{IncomingFile{MIME: "application/octet-stream", Name: "X.PDF"}, "application/pdf"},
		{IncomingFile{MIME: "", Name: "x", Data: []byte("\x89PNG\r\n\x1a\n")}, "image/png"},
		{IncomingFile{MIME: "garbage", Name: "x", Data: []byte{0, 1, 2}}, "application/octet-stream"},
	} {
		if got := mediaType(c.f); got != c.want {
			t.Errorf("%q %q is %q, want %q", c.f.MIME, c.f.Name, got, c.want)
		}
	}
}

func TestAbsentSubject(t *testing.T) {
	for subject, want := range map[string]bool{
		"Automatic reply: Grace (WhatsApp) #1": true, "Réponse automatique : x": true, "رد تلقائي: x": true, "\u202bرد تلقائي\u202c: x": true, "Ali is out of the office": true,
		"Out of Office Re: x": true, "[Auto-Reply] x": true, "OOO: x": true, "I am out of the office Re: x": true, "Abwesend: x": true, "Absence du bureau : x": true, "Fuori sede: x": true, "Fuera de la oficina: x": true,
		"Нет на месте: x": true, "خارج المكتب: x": true, "自动答复: x": true, "自動返信: x": true, "I am out of the office supplies": false, "Autos: x": false,
		"自动回复：x": true, "Automatiskt svar: x": true, "Автоответчик: Re: x": true, "תגובה אוטומטית: x": true, "부재중 자동 응답: x": true, "Automatická odpoveď: x": true, "Поза офісом: x": true, "Automatic reply is broken, please help": false, "Re: Grace (WhatsApp) #1": false, "RE: AW: out of office supplies": false, "": false,
	} {
		if got := absentSubject(subject); got != want {
			t.Errorf("%q: %v", subject, got)
		}
	}
}

// TestStrangePrefix: what stands before our own subject tells an answer, in any language, from an automatic mail and a receipt.
func TestStrangePrefix(t *testing.T) {
	const ours = "Daria Orlova (WhatsApp) #12"
	for _, prefix := range []string{"", "Re: ", "RE : ", "AW: ", "Antwort: ", "Rép : ", "R: ", "RIF: ", "Odp: ", "YNT: ", "Vá: ", "ΑΠ: ", "Отв.: ", "Ответ: ", "НА: ", "Re[2]: ", "Re^2: ", "SV: VS: ", "回覆：", "返信: ", "답장: ", "תשובה: ", "رد: ",
		"الرد: ", "पुनः: ", "ตอบกลับ: ", "Trả lời: ", "Fwd: ", "WG: ", "[EXTERN] AW: ", "EXTERN: ", "RE: EXTERNAL SENDER: ", "**EXT** Re: ", "(no subject) Re: ", "#busy "} {
		if strangePrefix(prefix+ours, ours) {
			t.Errorf("%q is taken for what a machine writes", prefix)
		}
	}
	for _, prefix := range []string{"Read: ", "Gelesen: ", "Прочитано: ", "تمت القراءة: ", "开封确认：", "已读: ", "Not read: ", "Away: Re: ", "On vacation Re: ", "Urlaub: AW: ", "Я в отпуске Re: ", "Отпуск: Re: ", "أنا في إجازة: رد: ", "إجازة: ",
		"Congés : Re: ", "I am on leave: RE: ", "外出中: ", "Mimo kancelář: ", "Zzyzx automata: "} {
		if !strangePrefix(prefix+ours, ours) {
			t.Errorf("%q is taken for what a person writes", prefix)
		}
	}
	if strangePrefix("Vacation rentals: "+ours[:9], ours) || strangePrefix("Anything at all", ours) {
		t.Error("a subject of their own is strange")
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	whole := Options{Domain: "Reply.Example", From: Address{Address: "n@reply.example"}, Key: make([]byte, 16), AllowUnproven: true}
	f, err := New(whole)
	if err != nil || f.Domain != "reply.example" || f.PerHour == 0 || f.ReplyFor == 0 || f.Location == nil {
		t.Fatalf("%+v %v", f, err)
	}
	for name, change := range map[string]func(*Options){
		"domain": func(o *Options) { o.Domain = "" }, "sender": func(o *Options) { o.From.Address = "" }, "key": func(o *Options) { o.Key = nil },
		"proof": func(o *Options) { o.AllowUnproven = false },
	} {
		o := whole
		change(&o)
		if _, err := New(o); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
