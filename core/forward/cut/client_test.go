package cut

import (
	"strings"
	"testing"
)

const theirs = "Hello, our last message about order 1042, please tell us when the parcel will be at our door. Kind regards, Mona"

// TestHTMLOfClients goes through the ways in which mail programs mark quotes and signatures in HTML.
func TestHTMLOfClients(t *testing.T) {
	cases := map[string]string{
		"gmail":                   `<div dir="ltr">Merci, bien reçu.<div>À demain.</div></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">Le sam. 21 nov. 2026 à&nbsp;10:42, Mona Haddad &lt;<a href="mailto:mona@shop.example">mona@shop.example</a>&gt; a écrit&nbsp;:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"><div>` + theirs + `</div></blockquote></div>`,
		"gmail with signature":    `<div dir="ltr"><div>Merci, bien reçu.</div><div>À demain.</div><div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature"><div dir="ltr">Ali Agent<div>Shop GmbH</div></div></div></div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">21 ноября 2026 г. Mona &lt;mona@shop.example&gt;:<br></div><blockquote class="gmail_quote">` + theirs + `</blockquote></div>`,
		"gmail in arabic":         `<div dir="rtl">Merci, bien reçu.<br>À demain.</div><br><div class="gmail_quote"><div dir="rtl" class="gmail_attr">في السبت، ٢١ نوفمبر ٢٠٢٦ في ١٠:٤٢ ص تمت كتابة ما يلي بواسطة &#x202a;Mona&#x202c;&#x200f; &lt;&#x202a;mona@shop.example&#x202c;&#x200f;&gt;:<br></div><blockquote class="gmail_quote" style="border-right:1px solid">` + theirs + `</blockquote></div>`,
		"old gmail without block": `Merci, bien reçu.<br>À demain.<div class="gmail_quote"><div class="gmail_quote">On 11-Apr-2026, at 6:54 PM, Mona &lt;mona@shop.example&gt; wrote:<div>` + theirs + `</div></div></div>`,
		"apple mail":              `<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body style="overflow-wrap: break-word;">Merci, bien reçu.<div>À demain.<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>Am 21.11.2026 um 10:42 schrieb Mona Haddad &lt;mona@shop.example&gt;:</div><br class="Apple-interchange-newline"><div>` + theirs + `</div></blockquote></div><br></div></body></html>`,
		"iphone":                  `<html><body dir="auto">Merci, bien reçu.<div>À demain.<br><br id="lineBreakAtBeginningOfSignature"><div dir="ltr">Von meinem iPhone gesendet</div><div dir="ltr"><br><blockquote type="cite">Am 21.11.2026 um 10:42 schrieb Mona Haddad &lt;mona@shop.example&gt;:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">&#xfeff;` + theirs + `</div></blockquote></div></body></html>`,
		"outlook web":             `<html><head><style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style></head><body dir="ltr"><div class="elementToProof" style="font-family: Aptos;">Merci, bien reçu.</div><div class="elementToProof">À demain.</div><div id="Signature"><p>Ali Agent</p></div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" color="#000000"><b>Von:</b> Mona Haddad &lt;mona@shop.example&gt;<br><b>Gesendet:</b> Samstag, 21. November 2026 10:42<br><b>An:</b> Ali &lt;ali@agents.example&gt;<br><b>Betreff:</b> Order 1042</font><div>&nbsp;</div></div><div>` + theirs + `</div></body></html>`,
		"outlook desktop":         `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0cm;} --></style></head><body lang="DE"><div class="WordSection1"><p class="MsoNormal">Merci, bien reçu.<o:p></o:p></p><p class="MsoNormal">À demain.<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>发件人:</b> Mona Haddad &lt;mona@shop.example&gt; <br><b>发送时间:</b> 2026年11月21日 10:42<br><b>收件人:</b> Ali &lt;ali@agents.example&gt;<br><b>主题:</b> Order 1042<o:p></o:p></p></div></div><p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class="MsoNormal">` + theirs + `<o:p></o:p></p></div></body></html>`,
		"outlook for phones":      `<html><body><div dir="auto">Merci, bien reçu.</div><div dir="auto">À demain.</div><div id="ms-outlook-mobile-signature" dir="auto">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div><div id="mail-editor-reference-message-container"><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg"><b>From:</b> Mona<br><b>Sent:</b> Saturday, November 21, 2026 10:42<br></div>` + theirs + `</div></body></html>`,
		"windows mail":            `<div>Merci, bien reçu.<br>À demain.</div><div data-signatureblock="true"><br></div><div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-width: 1px; border-top-style: solid;"><div><b>От:</b>&nbsp;<a href="mailto:mona@shop.example">Mona</a><br><b>Отправлено:</b>&nbsp;суббота, 21 ноября 2026 г. 10:42<br><b>Кому:</b>&nbsp;<a href="mailto:ali@agents.example">Ali</a></div></div><div><br></div>` + theirs,
		"outlook for mac":         `<div>Merci, bien reçu.</div><div>À demain.</div><span id="OLK_SRC_BODY_SECTION"><div style="border-top: #b5c4df 1pt solid;"><span style="font-weight:bold">From: </span>Mona<br><span>Date: </span>Saturday<br></div><div>` + theirs + `</div></span>`,
		"hotmail":                 `<body class='hmmessage'><div dir='ltr'>Merci, bien reçu.<br>À demain.<br><br><div><hr id="stopSpelling">Date: Thu, 26 Jun 2014 13:53:45 +0400<br>Subject: Test<br>From: mona@shop.example<br>To: ali@agents.example<br><br>` + theirs + `</div></div></body>`,
		"thunderbird": `<html><head></head><body text="#000000"><p>Merci, bien reçu.<br>À demain.</p><div class="moz-cite-prefix">Am 21.11.26 um 10:42 schrieb Mona Haddad:<br></div><blockquote type="cite" cite="mid:1@shop.example"><pre class="moz-quote-pre" wrap="">` + theirs + `</pre></blockquote><pre class="moz-signature" cols="72">-- 
Ali Agent
Shop</pre></body></html>`,
		"thunderbird, answer below": `<body><div class="moz-cite-prefix">2026-11-21 10:42, Mona wrote:<br></div><blockquote type="cite"><p>` + theirs + `</p></blockquote><p>Merci, bien reçu.<br>À demain.</p></body>`,
		"yahoo":                     `<html><body><div class="ydp1yahoo-style-wrap"><div dir="ltr">Merci, bien reçu.</div><div dir="ltr">À demain.</div><div><br></div></div><div id="yahoo_quoted_1" class="yahoo_quoted"><div><div>On Saturday, November 21, 2026 at 10:42:00 AM GMT+3, Mona &lt;mona@shop.example&gt; wrote: </div><div><br></div><div>` + theirs + `</div></div></div></body></html>`,
		"proton":                    `<div style="font-family: Arial;">Merci, bien reçu.</div><div>À demain.</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">Sent with Proton Mail</div></div><div class="protonmail_quote">On Saturday, November 21st, 2026 at 10:42, Mona &lt;mona@shop.example&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">` + theirs + `</blockquote></div>`,
		"zimbra":                    `<html><body><div>Merci, bien reçu.<br>À demain.</div><div data-marker="__SIG_PRE__"><p>Ali Agent</p></div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>De: </b>"Mona" &lt;mona@shop.example&gt;<br><b>Envoyé: </b>Samedi 21 Novembre 2026 10:42<br></div><div data-marker="__QUOTED_TEXT__">` + theirs + `</div></body></html>`,
		"yandex":                    `<div>Merci, bien reçu.</div><div>À demain.</div><div>&nbsp;</div><div>21.11.2026, 10:42, "Mona Haddad" &lt;mona@shop.example&gt;:</div><blockquote><div>` + theirs + `</div></blockquote>`,
		"mail.ru":                   `<HTML><BODY><div>Merci, bien reçu.<br>À demain.</div><div>&nbsp;</div><blockquote style="border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;">Суббота, 21 ноября 2026, 10:42 +03:00 от Mona &lt;mona@shop.example&gt;:<br><div>` + theirs + `</div></blockquote></BODY></HTML>`,
		"qq":                        `<div>Merci, bien reçu.</div><div>À demain.</div><div style="position: relative;"><div><br></div><div style="font-size:12px;font-family: Arial Narrow;padding:2px 0 2px 0;">------------------&nbsp;原始邮件&nbsp;------------------</div><div style="background:#efefef;padding:8px;"><div><b>发件人:</b>&nbsp;"Mona" &lt;mona@shop.example&gt;;</div><div><b>发送时间:</b>&nbsp;2026年11月21日(星期六) 上午10:42</div><div><b>收件人:</b>&nbsp;"Ali"&lt;ali@agents.example&gt;;</div><div><b>主题:</b>&nbsp;Order 1042</div></div><div>` + theirs + `</div></div>`,
		"163":                       `<div style="line-height:1.7;">Merci, bien reçu.<div>À demain.</div></div><div id="divNeteaseMailCard"></div><br><pre><br>At 2026-11-21 10:42:00, "Mona" &lt;mona@shop.example&gt; wrote:<br></pre><blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; MARGIN: 0px 0px 0px 0.8ex; BORDER-LEFT: #ccc 1px solid">` + theirs + `</blockquote>`,
		"zoho":                      `<div>Merci, bien reçu.<br>À demain.<br></div><div class="zmail_extra" style="border-top: 1px solid"><div>---- On Sat, 21 Nov 2026 10:42:00 +0300 <b>Mona &lt;mona@shop.example&gt;</b> wrote ---<br></div><div><br></div><blockquote>` + theirs + `</blockquote></div>`,
		"spark":                     `<div name="messageBodySection"><div dir="auto">Merci, bien reçu.<br>À demain.</div></div><div name="messageSignatureSection"><br>Ali Agent</div><div name="messageReplySection">Am 21. Nov. 2026, 10:42 +0100 schrieb Mona &lt;mona@shop.example&gt;:<br><blockquote type="cite">` + theirs + `</blockquote></div>`,
		"front":                     `<div>Merci, bien reçu.<br>À demain.</div><div class="front-signature">Ali</div><div><br>On November 21, 2026 at 10:42 AM GMT+3 mona@shop.example wrote:<br></div><blockquote type="cite" class="front-blockquote">` + theirs + `</blockquote>`,
		"gmx":                       `<div style="font-family: Verdana;"><div>Merci, bien reçu.</div><div>À demain.</div><div>&nbsp;<div name="quote" style="margin:10px 5px 5px 10px; border-left:2px solid #C3D9E5;"><div><b>Gesendet:</b>&nbsp;Samstag, 21. November 2026 um 10:42 Uhr<br/><b>Von:</b>&nbsp;"Mona" &lt;mona@shop.example&gt;<br/></div><div name="quoted-content">` + theirs + `</div></div></div></div>`,
		"fastmail":                  `<div>Merci, bien reçu.<br></div><div>À demain.<br></div><div>On Sat, Nov 21, 2026, at 10:42, Mona wrote:<br></div><blockquote type="cite" id="qt"><div>` + theirs + `</div></blockquote>`,
		"roundcube":                 `<html><body><p>Merci, bien reçu.<br />À demain.</p><p id="reply-intro">On 2026-11-21 10:42, Mona wrote:</p><blockquote type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid; margin: 0"><div id="replybody1">` + theirs + `</div></blockquote></body></html>`,
		"mailspring":                `<div>Merci, bien reçu.<br>À demain.</div><br><div class="gmail_quote_attribution">On Nov 21 2026, at 10:42 am, Mona &lt;mona@shop.example&gt; wrote:</div><blockquote><div>` + theirs + `</div></blockquote>`,
		"samsung":                   `<html><body><div dir="auto">Merci, bien reçu.</div><div dir="auto">À demain.</div><div id="composer_signature" dir="auto"><div style="font-size:12px">Von meinem Galaxy gesendet</div></div><div><br></div><div style="font-size:100%" dir="auto"><div>-------- Ursprüngliche Nachricht --------</div><div>Von: Mona &lt;mona@shop.example&gt; </div><div>Datum: 21.11.26  10:42  (GMT+01:00) </div><div>An: ali@agents.example </div><div>Betreff: Order 1042 </div></div>` + theirs + `</body></html>`,
		"notes":                     `<font size=2>Merci, bien reçu.<br>À demain.</font><br><br><table><tr><td>Von:</td><td>Mona Haddad &lt;mona@shop.example&gt;</td></tr><tr><td>An:</td><td>ali@agents.example</td></tr><tr><td>Datum:</td><td>21.11.2026 10:42</td></tr><tr><td>Betreff:</td><td>Order 1042</td></tr></table><hr noshade><br>` + theirs,
		"tutanota":                  `<div>Merci, bien reçu.<br>À demain.</div><div><br></div><div>21. Nov. 2026, 10:42 von mona@shop.example:<br></div><blockquote class="tutanota_quote" style="border-left: 1px solid #93A3B8; padding-left: 10px;">` + theirs + `</blockquote>`,
		"our own wrapper":           `<div>Merci, bien reçu.</div><div>À demain.</div><div class="x_` + HTMLClass + `">` + theirs + `</div>`,
		"our own marker":            `<p>Merci, bien reçu.<br>À demain.</p><p>` + Marker("Bitte oberhalb antworten") + `</p><p>` + theirs + `</p>`,
	}
	for name, page := range cases {
		t.Run(name, func(t *testing.T) {
			r := Reply(Mail{HTML: page})
			got := strings.Join(strings.Fields(r.Text), " ")
			if got != "Merci, bien reçu. À demain." {
				t.Errorf("got %q (%s)", r.Text, r.How)
			}
			if !r.Sure {
				t.Errorf("not sure: %s", r.How)
			}
			if !strings.Contains(r.Other, "parcel") {
				t.Errorf("Other lacks the quote: %q", r.Other)
			}
		})
	}
}

// TestAdvertisements shows which last lines say with what a mail was sent, and which the agent wrote.
func TestAdvertisements(t *testing.T) {
	for _, s := range []string{"Sent from my iPhone", "Sent from my phone. Please excuse typos.", "Sent from Outlook for Android", "Get Outlook for Mac", "Sent from Mailspring (https://getmailspring.com/), the best free email app for work",
		"Yahoo Mail: Search, Organize, Conquer", "Von meinem iPhone gesendet", "Von meinem Samsung Galaxy Smartphone gesendet.", "Gesendet von Mail für Windows", "Outlook für iOS beziehen",
		"Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.", "Envoyé de mon téléphone", "Enviado desde mi iPhone", "Enviado do meu Galaxy", "Inviato da Posta per Windows", "Отправлено с мобильного устройства",
		"Отправлено из мобильной Яндекс Почты", "Надіслано з iPhone", "أُرسلت من الـ iPhone", "أرسل من هاتفي", "الحصول على Outlook لـ iOS", "ارسال شده از iPhone من", "נשלח מהאייפון שלי", "iPhone’umdan gönderildi",
		"发自我的iPhone", "获取 Outlook for Android", "iPhoneから送信", "나의 iPhone에서 보냄"} {
		if !isAdvertisement(s) {
			t.Errorf("%q stays", s)
		}
	}
	for _, s := range []string{"My iPhone is broken.", "Please get the Android app.", "The code was sent to your phone.", "Sent with DHL: https://parcel.example/1", "Sent from my desk, which is easier than my mobile phone.",
		"Download the Outlook add-in here: https://shop.example/addin", "Join us here: https://aka.ms/meet", "Get the app here: https://shop.example", "Der Code wurde an Ihr Handy gesendet.", "Wir haben den Link an Ihr Handy gesendet",
		"Ihr Paket wurde verschickt: https://parcel.example/1", "Le code a été envoyé sur votre iPhone", "Téléchargez la facture ici : https://shop.example/f", "Enviado ayer: https://parcel.example/1", "El código fue enviado a su teléfono.",
		"Enviado hoje: https://parcel.example/1", "Код отправлен на ваш телефон.", "Отправлено на ваш iPhone", "Отправлено сегодня: https://parcel.example/1", "أرسلت لك الرابط: https://shop.example/x", "تم إرسال الرمز إلى هاتف Samsung الخاص بك",
		"لینک ارسال شد: https://shop.example/x", "Kod telefonunuza gönderildi.", "Kod iPhone'unuza gönderildi", "已发送到您的手机", "快递已寄出：https://parcel.example/1", "コードを携帯に送信しました。"} {
		if isAdvertisement(s) {
			t.Errorf("%q is taken off", s)
		}
	}
}

// TestTextOfClients goes through plain text in several languages.
func TestTextOfClients(t *testing.T) {
	const quote = "> Hello,\n> our last message about order 1042.\n"
	cases := map[string]struct{ text, want string }{
		"gmail, wrapped":                    {"Ja, gerne.\n\nAm Sa., 21. Nov. 2026 um 10:42 Uhr schrieb Mona Haddad via WhatsApp <\nreply+abc@mail.shop.example>:\n\n" + quote, "Ja, gerne."},
		"gmail, arabic":                     {"نعم، بكل سرور.\n\n\u202bفي السبت، ٢١ نوفمبر ٢٠٢٦ في ١٠:٤٢ ص تمت كتابة ما يلي بواسطة \u202aMona Haddad\u202c\u200f\n<\u202amona@shop.example\u202c\u200f>:\u202c\n\n" + quote, "نعم، بكل سرور."},
		"gmail, persian":                    {"بله.\n\nدر تاریخ شنبه ۲۱ نوامبر ۲۰۲۶،\u200f ۱۰:۴۲ Mona <mona@shop.example> نوشت:\n\n" + quote, "بله."},
		"gmail, hebrew":                     {"כן.\n\n\u202bבתאריך שבת, 21 בנוב׳ 2026 ב-10:42 מאת \u202aMona\u202c\u200f <\u202amona@shop.example\u202c\u200f>:\u202c\n\n" + quote, "כן."},
		"gmail, thai":                       {"ได้ครับ\n\nในวันที่ ส. 21 พ.ย. 2569 เวลา 10:42 Mona <mona@shop.example> เขียนว่า:\n\n" + quote, "ได้ครับ"},
		"gmail, korean":                     {"네.\n\n2026년 11월 21일 (토) 오전 10:42, Mona <mona@shop.example>님이 작성:\n\n" + quote, "네."},
		"apple, chinese":                    {"好的。\n\n> 在 2026年11月21日，10:42，Mona <mona@shop.example> 写道：\n> \n> Hello\n", "好的。"},
		"unquoted, full-width":              {"好的。\n\n在 2026年11月21日，10:42，Mona <mona@shop.example> 写道：\n\nHello\n", "好的。"},
		"outlook, greek":                    {"Ναι.\n\nΑπό: Mona <mona@shop.example>\nΣτάλθηκε: Σάββατο, 21 Νοεμβρίου 2026 10:42 πμ\nΠρος: Ali <ali@agents.example>\nΘέμα: Order\n\nHello\n", "Ναι."},
		"outlook, chinese":                  {"好的。\n\n发件人： Mona <mona@shop.example>\n发送时间： 2026年11月21日 10:42\n收件人： Ali <ali@agents.example>\n主题： Order\n\nHello\n", "好的。"},
		"outlook, bold and rule":            {"Oui.\n\n________________________________\n*De :* Mona <mona@shop.example>\n*Envoyé :* samedi 21 novembre 2026 10:42\n*À :* Ali\n*Objet :* Order\n\nHello\n", "Oui."},
		"lotus":                             {"Ja.\n\n\nVon:    Mona Haddad <mona@shop.example>\nAn:     ali@agents.example\nDatum:  21.11.2026 10:42\nBetreff:        Order\n\n\n\nHello\n", "Ja."},
		"android":                           {"Ja.\n\n-------- Ursprüngliche Nachricht --------\nVon: Mona <mona@shop.example>\nDatum: 21.11.26 10:42 (GMT+01:00)\nAn: ali@agents.example\n\nHello\n", "Ja."},
		"marker":                            {"Ja.\n\n" + Marker("اكتب فوق هذا السطر") + "\n\nHello\n", "Ja."},
		"marker in a quote":                 {"Ja.\n\nOn 21 Nov 2026 Mona wrote:\n> " + Marker("x") + "\n> Hello\n", "Ja."},
		"answer below":                      {"On Sat, 21 Nov 2026 10:42, Mona wrote:\n" + quote + "\nYes.\nTomorrow.\n", "Yes.\nTomorrow."},
		"answers between":                   {"On Sat, 21 Nov 2026 10:42, Mona wrote:\n> When?\n\nTomorrow.\n\n> Where?\n\nAt your door.\n", "Tomorrow.\n\nAt your door."},
		"answers between, no blank":         {"Mona wrote on 21/11/2026 10:42:\n> When will you come to us?\nTomorrow.\n> Where will that be?\nAt your door.\n", "Tomorrow.\n\nAt your door."},
		"quote of one's own":                {"The manual says:\n\n> Press the button.\n\nDid you?\n", "The manual says:\n\n> Press the button.\n\nDid you?"},
		"standard signature":                {"Yes.\n\n-- \nAli Agent\nShop GmbH\n+49 30 123456\n\nOn 21 Nov 2026 10:42, Mona wrote:\n" + quote, "Yes."},
		"signature below the quote":         {"Yes.\n\nOn 21 Nov 2026 10:42, Mona wrote:\n" + quote + "\n-- \nAli\n", "Yes."},
		"phone, turkish":                    {"Evet.\n\niPhone'umdan gönderildi\n", "Evet."},
		"phone, japanese":                   {"はい。\n\niPhoneから送信\n\n> 2026/11/21 10:42、Mona <mona@shop.example>のメール:\n> \n> Hello\n", "はい。"},
		"phone, arabic":                     {"نعم\n\nأرسلت من هاتف Samsung Galaxy\n", "نعم"},
		"phone as the subject":              {"Hello Mona,\n\nyour iPhone is repaired.\n", "Hello Mona,\n\nyour iPhone is repaired."},
		"contact card":                      {"It is on its way.\n\nAli Agent\nCustomer care\n+49 30 12345678\nali@shop.example\nhttps://shop.example\n", "It is on its way."},
		"contact data asked for":            {"You reach the driver here:\n\nJohn Miller\nFast Parcels\n+49 30 12345678\njohn@parcels.example\n", "You reach the driver here:\n\nJohn Miller\nFast Parcels\n+49 30 12345678\njohn@parcels.example"},
		"booking":                           {"Your booking:\n\nName: Mona Haddad\nDate: 21.11.2026\nTime: 10:42\nEmail: mona@shop.example\n\nSee you!\n", "Your booking:\n\nName: Mona Haddad\nDate: 21.11.2026\nTime: 10:42\nEmail: mona@shop.example\n\nSee you!"},
		"a number before one's own quote":   {"This is in the log of order 10421:\n\n> parcel left the house\n\nDid it arrive?\n", "This is in the log of order 10421:\n\n> parcel left the house\n\nDid it arrive?"},
		"secrecy as the subject":            {"Thank you.\n\nPlease send us the documents by e-mail. They are treated as confidential, and only the doctor who treats you will ever see them, as the law demands of us.\n", "Thank you.\n\nPlease send us the documents by e-mail. They are treated as confidential, and only the doctor who treats you will ever see them, as the law demands of us."},
		"form data":                         {"Please check:\n\nName: Mona Haddad\nStreet: Main street 5\nPhone: +49 30 12345678\nEmail: mona@shop.example\n", "Please check:\n\nName: Mona Haddad\nStreet: Main street 5\nPhone: +49 30 12345678\nEmail: mona@shop.example"},
		"legal footer":                      {"It is on its way.\n\nThis message and any attachment are confidential and may be privileged. If you are not the intended recipient, please notify the sender and delete this e-mail at once.\n", "It is on its way."},
		"legal footer, addressed":           {"It is on its way.\n\nThis email and any files transmitted with it are confidential and intended solely for the use of the individual or entity to whom they are addressed. If you have received it in error, tell us.\n", "It is on its way."},
		"legal footer, portuguese":          {"Já vai.\n\nEsta mensagem e seus anexos são confidenciais e destinam-se exclusivamente ao destinatário. Se a recebeu por engano, avise o remetente e apague-a imediatamente.\n", "Já vai."},
		"list after a colon":                {"We have them in:\n\n- red\n- blue\n", "We have them in:\n\n- red\n- blue"},
		"two options with rule":             {"Option A costs 10 €.\n\n---\n\nOption B costs 20 €, but it is there tomorrow.\n", "Option A costs 10 €.\n\n---\n\nOption B costs 20 €, but it is there tomorrow."},
		"time and address":                  {"Come on 21.11.2026 at 10:42 to our shop.\nBring your ID.\n", "Come on 21.11.2026 at 10:42 to our shop.\nBring your ID."},
		"code":                              {"Run this:\n\n```\nFrom: a@b.example\nDate: 2026-11-21 10:42\nTo: c@d.example\n--\n```\n\nThen call us.\n", "Run this:\n\n```\nFrom: a@b.example\nDate: 2026-11-21 10:42\nTo: c@d.example\n--\n```\n\nThen call us."},
		"notes, with the quote's beginning": {"Ja.\n\n\"Mona\" ---21.11.2026 10:42:00---Hello, our last message\n\nVon: \"Mona\" <mona@shop.example>\nAn: ali@agents.example\nDatum: 21.11.2026 10:42\nBetreff: Order\n\nHello\n", "Ja."},
		"windows line ends":                 {"Yes.\r\nTomorrow.\r\n\r\nOn 21 Nov 2026 10:42, Mona wrote:\r\n> Hello\r\n> you\r\n", "Yes.\nTomorrow."},
		"flowed":                            {"This is a line that was broken softly by the sending client, \nand here it goes on.\nA new line.\n", "This is a line that was broken softly by the sending client, and here it goes on.\nA new line."},
		"the bat":                           {"Hello Mona,\n\nSaturday, November 21, 2026, 10:42:00 AM, you wrote:\n\nMH> Hello,\n\nMH> our last message about order 1042.\n\nIt comes tomorrow.\n\n-- \nBest regards,\n Ali                            mailto:ali@agents.example\n", "Hello Mona,\n\nIt comes tomorrow."},
		"indented throughout":               {"  Yes.\n  1. red\n    a. dark\n\n  On Saturday, November 21, 2026 at 10:42:00 AM GMT+3, Mona <mona@shop.example> wrote:\n \n Hello\n", "Yes.\n1. red\n  a. dark"},
		"no quote":                          {"Yes.", "Yes."},
		"bars":                              {"Yes.\n\n2026/11/21 Mona <mona@shop.example>\n\n| Hello\n| our last\n| message\n", "Yes."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := Reply(Mail{Text: c.text})
			if r.Text != c.want {
				t.Errorf("got  %q\nwant %q (%s)", r.Text, c.want, r.How)
			}
			if !r.Sure {
				t.Errorf("not sure: %s", r.How)
			}
		})
	}
}
