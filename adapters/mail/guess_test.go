package mail

import (
	"testing"

	"golang.org/x/text/encoding/htmlindex"
)

// TestWrongLabels reads answers whose charset is not named, or named wrongly. Nobody may get them as gibberish.
func TestWrongLabels(t *testing.T) {
	const (
		russian   = "Добрый день! Диван приедет в пятницу, ножки лежат в коробке 2."
		ukrainian = "Так, диван приїде у п'ятницю. Ніжки в коробці."
		arabic    = "مرحبا، تصل الأريكة يوم الجمعة بين 9 و12."
		hebrew    = "כן, הספה תגיע ביום שישי בין 9 ל-12."
		greek     = "Ναι, έρχεται την Παρασκευή στις 9."
		turkish   = "Evet, koltuk cuma günü geliyor. Ayakları kutuda, saygılarımla."
		icelandic = "Já, það kemur á föstudag, þú þarft ekkert að gera."
		french    = "Rendez-vous à 9 h."
		german    = "Für Sie: 5 € Rabatt – schöne Grüße"
		japanese  = "はい。詳しくは https://shop.example/orders/10421 をご覧ください。"
		chinese   = "您好，沙发星期五九点送到，谢谢。"
		taiwanese = "好的，謝謝您！我們星期五送到。"
		korean    = "네, 금요일 9시에 도착합니다. 감사합니다."
	)
	for _, c := range []struct{ text, charset, label string }{
		{russian, "windows-1251", ""}, {russian, "windows-1251", "iso-8859-1"}, {russian, "windows-1251", "koi8-r"}, {russian, "windows-1251", "us-ascii"},
		{russian, "koi8-r", "windows-1251"}, {russian, "koi8-r", "utf-8"}, {russian, "iso-8859-5", ""}, {russian, "ibm866", ""}, {"Да", "windows-1251", ""},
		{"Ссылка: https://shop.example/orders/10421/details?lang=ru", "windows-1251", "windows-1251"},
		{ukrainian, "koi8-u", "koi8-r"}, {ukrainian, "windows-1251", "koi8-u"},
		{arabic, "windows-1256", ""}, {arabic, "windows-1256", "windows-1252"}, {arabic, "iso-8859-6", ""}, {arabic, "iso-8859-6", "windows-1256"},
		{hebrew, "windows-1255", ""}, {hebrew, "windows-1255", "iso-8859-1"}, {greek, "windows-1253", ""},
		{turkish, "windows-1254", ""}, {icelandic, "windows-1252", ""}, {french, "windows-1252", ""}, {french, "windows-1252", "iso-8859-1"}, {german, "windows-1252", "iso-8859-1"},
		{japanese, "iso-2022-jp", ""}, {japanese, "iso-2022-jp", "us-ascii"}, {japanese, "shift_jis", ""}, {japanese, "euc-jp", "utf-8"},
		{chinese, "gb18030", ""}, {chinese, "gb18030", "iso-8859-1"}, {taiwanese, "big5", ""}, {korean, "euc-kr", ""},
		{russian, "utf-8", "windows-1251"}, {japanese, "utf-8", "iso-2022-jp"},
	} {
		enc, err := htmlindex.Get(c.charset)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := enc.NewEncoder().String(c.text)
		if err != nil {
			t.Fatalf("%q in %s: %v", c.text, c.charset, err)
		}
		if got := decodeText([]byte(raw), c.label); got != c.text {
			t.Errorf("%s labelled %q: %q, want %q", c.charset, c.label, got, c.text)
		}
	}
}
