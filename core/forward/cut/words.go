package cut

import "strings"

// The words of this file are the last resort. They take nothing off but a one-line advertisement of a phone or mail program and a legal
// footer, both at the end of a mail; where they do not know a language, the line stays and does no harm. Product names are the same in
// every language. A stem of the verb is asked for beside the product, so that "My iPhone is broken" stays.

// products send mails and say so.
func products() []string {
	return []string{"iphone", "ipad", "ipod", "apple watch", "android", "blackberry", "samsung", "galaxy", "huawei", "xiaomi", "redmi", "oppo", "oneplus", "pixel", "htc", "nokia", "sony xperia", "motorola",
		"windows phone", "windows 10", "windows 11", "mail for windows", "outlook", "yahoo", "gmail", "proton", "mail.ru", "yandex", "icloud", "spark", "sparrow", "thunderbird", "typeapp", "blue mail",
		"bluemail", "nine", "aqua mail", "k-9", "mailbird", "airmail", "newton mail", "edison", "mailspring", "superhuman", "tutanota", "tuta", "gmx", "web.de", "aol", "zoho", "qq", "网易", "foxmail", "naver",
		"smartphone", "smarttelefon", "mobil", "mobile", "handy", "telefon", "tablet", "phone", "telephone", "téléphone", "teléfono", "telefono", "手机", "携帯", "スマートフォン", "휴대전화", "телефон", "mac"}
}

// sending are stems of "sent from" and "get … for", lower case.
func sending() []string {
	return []string{"sent from", "sent via", "sent with", "sent using", "sent by", "sent on", "get ", "download ", "gesendet", "gesendt", "verschickt", "holen sie sich", "beziehen", "envoyé", "envoyée", "obtenez",
		"télécharge", "enviado", "enviada", "enviat", "obtener", "obtén", "obter", "baixe", "inviato", "inviata", "ottieni", "scarica", "verzonden", "verstuurd", "gestuurd", "downloaden", "skickat", "skickad", "hämta",
		"sendt fra", "sendt med", "sendt via", "hent ", "få outlook", "lähetetty", "hanki", "wysłan", "wysłano", "pobierz", "odesláno", "odoslané", "získat", "získajte", "odeslán", "poslano", "poslato", "послато",
		"изпратено", "отправлен", "отправлено", "скачать", "надіслано", "відправлено", "адпраўлена", "küldve", "elküldve", "küldött", "trimis", "saadetud", "nosūtīts", "išsiųsta", "siųsta", "gönderildi", "edinin", "göndər",
		"στάλθηκε", "εστάλη", "απεστάλη", "αποστολή", "נשלח", "تم الإرسال", "تم الارسال", "أُرسل", "أرسلت", "مرسل", "ارسال شده", "فرستاده", "ارسال", "भेजा", "প্রেরিত", "பட்டது", "ส่งจาก", "gửi từ", "đã gửi", "dikirim", "dihantar",
		"ipinadala", "送信", "から送信", "发送", "發送", "寄出", "傳送", "传送", "发自", "發自", "来自", "來自", "보냄", "보낸", "에서 보", "გაგზავნ", "ուղարկվ", "bidali", "enviado desde", "sendita", "sent de", "skeytt", "sent úr", "seolta"}
}

// secrecy are stems that legal footers use for "confidential".
func secrecy() []string {
	return []string{"confidential", "vertraulich", "confidentiel", "confidencial", "riservat", "confidenzial", "vertrouwelijk", "konfidentiel", "fortrolig", "konfidensiel", "luottamuksel", "poufn", "důvěrn", "dôvern", "bizalmas",
		"confidențial", "gizli", "εμπιστευτικ", "конфиденциал", "конфіденційн", "поверителн", "سري", "محرمانه", "חסוי", "סודי", "机密", "機密", "保密", "기밀", "ความลับ", "bảo mật", "rahasia"}
}

// letterhead are stems for "mail" or "message", which such a footer speaks of.
func letterhead() []string {
	return []string{"mail", "message", "mensaje", "mensagem", "messaggio", "nachricht", "bericht", "meddelande", "besked", "viesti", "wiadomo", "zpráv", "správ", "üzenet", "mesaj", "μήνυμα", "сообщени", "письм", "повідомл",
		"съобщени", "رسالة", "بريد", "پیام", "ایمیل", "הודעה", "דוא", "邮件", "郵件", "メール", "메일", "อีเมล", "thư", "pesan"}
}

// receivers are stems for the one whom such a footer calls its recipient.
func receivers() []string {
	return []string{"recipient", "addressee", "empfänger", "adressat", "destinatai", "destinatar", "destinatár", "geadresseerd", "ontvanger", "mottak", "modtager", "mottagar", "vastaanottaj", "adresat", "příjem", "príjem",
		"címzett", "alıcı", "παραλήπτ", "получател", "адресат", "отримувач", "одержувач", "المستلم", "المرسل إليه", "مستلم", "گیرنده", "נמען", "收件人", "接收", "受信", "宛先", "수신", "ผู้รับ", "người nhận", "penerima"}
}

func hasAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// isAdvertisement says whether a line says with what the mail was sent.
func isAdvertisement(s string) bool {
	s = strings.ToLower(s)
	linked := strings.Contains(s, "http")
	bare := unlinked(s)
	if words := len(strings.Fields(bare)); len(s) > 300 || words == 0 || words > 9 || strings.ContainsAny(bare, "?？؟") || isSentence(bare) && words > 7 {
		return false
	}
	return hasAny(bare, sending()) && (linked || hasAny(bare, products())) || strings.Contains(s, "https://aka.ms/") || strings.Contains(s, "https://proton.me")
}

// unlinked is s without the addresses of links.
func unlinked(s string) string {
	for {
		at := strings.Index(s, "http")
		if at < 0 || !strings.HasPrefix(s[at:], "http://") && !strings.HasPrefix(s[at:], "https://") {
			return s
		}
		end := strings.IndexAny(s[at:], " >)]")
		if end < 0 {
			return s[:at]
		}
		s = s[:at] + s[at+end:]
	}
}

// isLegal says whether a paragraph is a footer about secrecy.
func isLegal(s string) bool {
	if len(s) < 140 {
		return false
	}
	s = strings.ToLower(s)
	return hasAny(s, secrecy()) && hasAny(s, letterhead()) && hasAny(s, receivers())
}
