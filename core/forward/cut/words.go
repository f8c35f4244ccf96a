package cut

import (
	"slices"
	"strings"
)

// The words of this file are the last resort. They take nothing off but what programs and servers add: a one-line advertisement, a legal
// footer or another notice at the end of a mail, a caution on top of it; where they do not know a language, the line stays and does no harm. Product names are the same in
// every language. An advertisement says "sent from" and the product and no more, so that "My iPhone is broken", "The code was sent to your
// iPhone" and "Sent today: https://…" stay.

// programs send mails and say so, or where to get them.
func programs() []string {
	return []string{"outlook", "yahoo", "gmail", "proton", "mail.ru", "yandex", "яндекс", "почты mail", "mymail", "icloud", "spark", "sparrow", "thunderbird", "typeapp", "typemail", "blue mail", "bluemail", "nine",
		"aqua mail", "k-9", "mailbird", "airmail", "newton mail", "edison", "mailspring", "superhuman", "canary", "polymail", "shortwave", "tutanota", "tuta", "gmx", "web.de", "aol", "zoho", "qq", "网易", "foxmail", "naver",
		"windows", "mail app"}
}

// brands are devices by name.
func brands() []string {
	return []string{"iphone", "ipad", "ipod", "apple watch", "android", "blackberry", "samsung", "galaxy", "huawei", "honor", "xiaomi", "redmi", "oppo", "oneplus", "pixel", "htc", "nokia", "sony xperia", "motorola",
		"آيفون", "أندرويد", "آیفون", "אייפון", "אנדרואיד", "华为", "小米"}
}

// devices are words for a telephone that anybody uses.
func devices() []string {
	return []string{"smartphone", "smarttelefon", "mobil", "mobile", "handy", "telefon", "tablet", "phone", "telephone", "téléphone", "teléfono", "telefono", "celular", "手机", "手機", "携帯", "スマートフォン", "휴대전화",
		"телефон", "мобильн", "мобільн", "هاتفي", "جوالي", "هاتف", "גלקסי", "mac"}
}

// sentFrom begin such a line, lower case: "sent" and a word for "from", "by" or "with".
func sentFrom() []string {
	return []string{"sent from", "sent via", "sent with", "sent using", "gesendet von", "gesendet mit", "gesendet über", "gesendet aus", "gesendt ", "verschickt von", "verschickt mit", "diese nachricht wurde von mein",
		"envoyé de", "envoyé à partir", "envoyé via", "envoyé avec", "envoyé par", "envoyée de", "envoyée à partir", "enviado desde", "enviado con", "enviado mediante", "enviado por", "enviado a través",
		"enviado do ", "enviado de ", "enviado da ", "enviado a partir", "enviado pelo", "enviado via", "enviado com", "enviada do ", "enviada desde", "enviat des", "inviato da", "inviato con", "inviato tramite", "inviata da",
		"verzonden v", "verzonden met", "verstuurd v", "verstuurd met", "gestuurd v", "skickat från", "skickat via", "skickat med", "skickad från", "sendt fra", "sendt med", "sendt via", "lähetetty", "wysłane z", "wysłano z",
		"wysłane przy", "wysłano przy", "odesláno z", "odesláno p", "odoslané z", "odoslané p", "odeslán", "poslano s", "poslano iz", "poslato s", "послато с", "изпратено от", "изпратено с", "отправлено с ", "отправлено со ", "отправлено из ",
		"отправлено через ", "отправлено от ", "отправлено при ", "отправлено почт", "надіслано з ", "надіслано із ", "надіслано через ", "надіслано за ", "відправлено з ", "адпраўлена з ", "trimis de", "trimis din", "trimis cu",
		"saadetud", "nosūtīts no", "išsiųsta iš", "siųsta iš", "στάλθηκε από", "εστάλη από", "απεστάλη από", "αποστολή από", "נשלח מ", "נשלח באמצעות", "تم الإرسال من", "تم الارسال من", "تم الإرسال عبر", "تم الإرسال بواسطة",
		"أُرسل من", "أُرسلت من", "أرسلت من", "ارسلت من", "أرسل من", "مرسل من", "مُرسل من", "ارسال شده از", "ارسال از", "فرستاده شده از", "ส่งจาก", "gửi từ", "đã gửi từ", "được gửi từ", "dikirim dari", "dikirim me",
		"dihantar dari", "ipinadala mula", "发自", "發自", "来自", "來自", "发送自", "發送自", "寄自", "傳送自", "sendita", "sent de", "sent úr", "seolta"}
}

// sentEnds end it where the verb comes last.
func sentEnds() []string {
	return []string{"gesendet", "verschickt", "から送信", "发送", "發送", "傳送", "에서 보냄", "에서 보낸 메일", "에서 발송", "dan gönderildi", "den gönderildi", "tan gönderildi", "ten gönderildi", "ile gönderildi", "göndərilib",
		"küldve", "elküldve", "küldött", "से भेजा गया", "প্রেরিত", "பட்டது", "გაგზავნილია", "ուղարկվել է", "bidalia", "bidali da"}
}

// getting begin or end the line that says where to get a mail program.
func getting() []string {
	return []string{"get ", "download ", "holen sie sich ", "beziehen", "herunterladen", "obtenez ", "obtenir ", "télécharge", "obtener ", "obtén ", "obter ", "obtenha ", "baixe ", "ottieni ", "scarica ", "downloaden", "hämta ", "hent ",
		"få outlook", "hanki ", "pobierz ", "získat ", "získajte ", "скачать ", "скачайте ", "отримати ", "завантаж", "edinin", "الحصول على ", "تنزيل ", "دریافت ", "קבל את ", "获取 ", "获取", "取得", "下載", "を入手", "다운로드", "가져오기"}
}

// slogans are whole lines without a word for sending.
func slogans() []string {
	return []string{"yahoo mail: search, organize, conquer", "provenance : courrier pour windows"}
}

// secrecy are stems that legal footers use for "confidential", or for whom alone a mail is.
func secrecy() []string {
	return []string{"privileged", "intended solely", "intended only", "solely for the use", "ausschließlich für", "rechtlich geschützt", "exclusivement à", "exclusivamente a", "esclusivamente a", "исключительно для", "предназначено только", "confidential", "vertraulich", "confidentiel", "confidencial", "confidenciai", "riservat", "confidenzial", "vertrouwelijk", "konfidentiel", "fortrolig", "konfidensiel", "luottamuksel", "poufn", "důvěrn", "dôvern", "bizalmas",
		"ограниченного доступа", "confidențial", "gizli", "εμπιστευτικ", "конфиденциал", "конфіденційн", "поверителн", "سري", "محرمانه", "חסוי", "סודי", "机密", "機密", "保密", "기밀", "ความลับ", "bảo mật", "rahasia"}
}

// letterhead are stems for "mail" or "message", which such a footer speaks of.
func letterhead() []string {
	return []string{"mail", "message", "communication", "transmission", "courriel", "correo", "mensaje", "mensagem", "messaggio", "nachricht", "bericht", "meddelande", "besked", "viesti", "wiadomo", "zpráv", "správ", "üzenet", "mesaj", "μήνυμα", "сообщени", "письм", "повідомл",
		"съобщени", "رسالة", "بريد", "پیام", "ایمیل", "הודעה", "דוא", "邮件", "郵件", "メール", "메일", "อีเมล", "thư", "pesan"}
}

// receivers are stems for the one whom such a footer calls its recipient.
func receivers() []string {
	return []string{"recipient", "addressee", "to whom it is addressed", "to whom they are addressed", "to whom it was addressed", "to which it is addressed", "empfänger", "adressat", "destinatai", "destinatar", "destinatár", "geadresseerd", "ontvanger", "mottak", "modtager", "mottagar", "vastaanottaj", "adresat", "příjem", "príjem",
		"címzett", "alıcı", "παραλήπτ", "получател", "адресат", "отримувач", "одержувач", "المستلم", "مرسل إليه", "المقصود", "الموجه", "مستلم", "گیرنده", "נמען", "收件人", "接收", "受信", "宛先", "수신", "ผู้รับ", "người nhận", "penerima"}
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
	const few, most = 6, 12 // words
	s = strings.ToLower(strings.Trim(s, " *_"))
	bare := strings.TrimSpace(strings.Trim(unlinked(s), "<>()[] "))
	words := len(strings.Fields(bare))
	if len(s) > 300 || words == 0 || words > most || strings.ContainsAny(bare, "?？؟") {
		return false
	}
	program := hasAny(bare, programs())
	named := program || hasAny(bare, brands())
	switch {
	case hasPrefix(bare, slogans()):
		return true
	case hasPrefix(bare, sentFrom()):
		return named || words <= few && bare == s && hasAny(bare, devices()) || isMine(bare)
	case isSentence(bare) && !strings.HasPrefix(bare, "von mein") || words > few || strings.Contains(bare, ":"):
		return false
	}
	return named && hasSuffix(bare, sentEnds()) || program && (hasPrefix(bare, getting()) || hasSuffix(bare, getting()))
}

// isMine says whether a line begins like "sent from my phone", whatever follows: "Excuse my typos."
func isMine(s string) bool {
	const device = 2 // words
	mine, ok := strings.CutPrefix(s, "sent from my ")
	first := strings.Fields(mine)
	return ok && hasAny(strings.Join(first[:min(len(first), device)], " "), devices())
}

func hasPrefix(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(s, w) })
}

func hasSuffix(s string, words []string) bool {
	s = strings.TrimRight(s, ".")
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(s, w) })
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

// isLegal says whether a paragraph is a footer about secrecy: it says so on top, names what is secret and for whom, or speaks to who got it by mistake.
func isLegal(s string) bool {
	const long, longer = 100, 140
	s = strings.ToLower(s)
	if !hasAny(s, letterhead()) {
		return false
	}
	secret, receiver := hasAny(s, secrecy()), hasAny(s, receivers())
	wrong := hasAny(s, mistakes()) || hasAny(s, bans())
	switch {
	case hasPrefix(strings.TrimLeft(s, " *_"), headings()):
		return secret || receiver || wrong
	case len(s) >= longer && secret && receiver:
		return hasAny(s, provisos()) || hasAny(s, selves())
	}
	return len(s) >= long && (secret || receiver) && wrong && hasAny(s, provisos())
}

// headings begin such a footer.
func headings() []string {
	return []string{"disclaimer", "confidentiality notice", "confidentiality note", "legal notice:", "legal disclaimer", "haftungsausschluss", "vertraulichkeitshinweis", "rechtlicher hinweis:", "avis de confidentialité",
		"clause de confidentialité", "aviso legal", "aviso de confidencialidad", "aviso de confidencialidade", "avviso di riservatezza", "klauzula poufności", "gizlilik", "yasal uyarı", "уведомление о конфиденциальности",
		"примечание о конфиденциальности", "повідомлення про конфіденційність", "إخلاء مسؤولية", "إخلاء المسؤولية", "إشعار السرية", "إشعار سرية", "إشعار بالسرية", "הודעת סודיות", "免责声明", "免責聲明", "保密声明"}
}

// mistakes and bans are stems of what such a footer says to whom it does not concern, and provisos of how it begins to.
func mistakes() []string {
	return []string{"by mistake", "in error", "irrtüm", "versehentlich", "par erreur", "por error", "per errore", "por engano", "omylem", "omylom", "pomyłk", "omyłk", "yanlışlıkla", "по ошибке", "ошибочно", "помилков", "عن طريق الخطأ", "بالخطأ", "بطريق الخطأ",
		"اشتباه", "בטעות", "误", "誤"}
}

func bans() []string {
	return []string{"prohibited", "unauthori", "unlawful", "must not", "verboten", "unzulässig", "nicht gestattet", "untersagt", "vernichten", "interdit", "prohib", "vietat", "zabronion", "yasaktır", "запрещ", "уничтож", "заборон", "يحظر", "يُحظر", "حذفها", "حذفه", "إتلاف",
		"אסור", "禁止", "删除", "刪除", "削除"}
}

func provisos() []string {
	return []string{"if you are not", "if you have received", "if you received", "if this", "not the intended", "intended recipient", "sole use", "wenn sie nicht", "sollten sie nicht", "falls sie nicht", "si vous n", "si vous avez reçu", "si usted no", "si ha recibido",
		"se non si", "se avete ricevuto", "se não for", "se você não", "se recebeu", "jeśli nie", "jeżeli nie", "eğer", "если вы не", "если вы получили", "если оно", "содержащаяся в", "якщо ви", "إذا لم تكن", "إذا استلمت", "إذا تلقيت", "إذا وصلت", "إن لم تكن", "الواردة في هذ", "אם אינך", "אם קיבלת",
		"contained in this", "dieser e-mail", "diese e-mail", "dieser nachricht", "如果您不是", "如您不是", "如果你不是"}
}

// isSecret says whether a paragraph is a short footer about secrecy: "This e-mail is confidential."
func isSecret(s string) bool {
	const most = 20 // words
	s = strings.ToLower(s)
	return len(strings.Fields(s)) <= most && hasAny(s, secrecy()) && hasAny(s, letterhead())
}

// environment and printing are stems of the plea not to print a mail.
func environment() []string {
	return []string{"environment", "umwelt", "medio ambiente", "meio ambiente", "ambiente", "milieu", "miljø", "miljö", "środowisk", "окружающ", "природ", "навколишн", "البيئة", "çevre", "环境", "環境", "סביבה"}
}

func printing() []string {
	return []string{"print", "drucken", "ausdruck", "imprim", "stampa", "afdruk", "utskri", "skriver ut", "drukow", "wydruk", "печат", "друку", "طباع", "تطبع", "yazdır", "打印", "列印", "印刷", "להדפיס"}
}

// viruses and scanned are stems of what the programs among scanners say below a mail.
func viruses() []string {
	return []string{"virus", "viren", "вирус", "вірус", "فيروس", "病毒", "ウイルス", "malware"}
}

func scanned() []string {
	return []string{"scanned by", "checked by", "believed to be clean", "geprüft", "проверено", "проверен "}
}

func scanners() []string {
	return []string{"libraesva", "avast", "avg", "mimecast", "kaspersky", "касперск", "dr.web", "sophos", "barracuda", "eset ", "nod32", "bitdefender", "symantec", "messagelabs", "mcafee", "norton", "mailscanner", "f-secure", "g data", "avira", "trend micro", "proofpoint"}
}

// selves are how it names the mail that it stands in.
func selves() []string {
	return []string{"this e-mail", "this email", "this mail", "this message", "this communication", "this transmission", "ce message", "cet e-mail", "cet email", "ce courriel", "este mensaje", "este correo", "este e-mail", "este email", "esta mensagem", "questo messaggio",
		"questa e-mail", "questa mail", "la presente", "dit bericht", "deze e-mail", "dette e-", "denne e-", "denna e-", "detta e-", "tämä viesti", "tämä sähkö", "ta wiadomość", "niniejsz", "tato zpráva", "tento e-mail", "táto správa", "ez az e-mail", "ez az üzenet",
		"acest mesaj", "acest e-mail", "bu e-posta", "bu mesaj", "bu ileti", "настоящ", "данное сообщ", "данное письмо", "данное электр", "это сообщ", "это письмо", "это электр", "этого сообщ", "цей лист", "це повідомл", "цього повідомл", "това съобщение",
		"هذه الرسالة", "هذا البريد", "این ایمیل", "این پیام", "הודעה זו", "מסר זה", "本邮件", "此邮件", "本電子郵件", "此電子郵件", "本メール", "このメール", "이 메일", "이 메시지", "본 메일", "อีเมลนี้", "ข้อความนี้", "email này", "thư này", "pesan ini", "surel ini", "αυτό το", "το παρόν"}
}

// subscribed are what mailing lists and groups set below each mail.
func subscribed() []string {
	return []string{"you received this message because you are subscribed", "you are receiving this because you are subscribed", "you are receiving this message because you are subscribed", "sie erhalten diese nachricht, weil sie", "sie haben diese nachricht erhalten, weil sie",
		"vous recevez ce message, car vous êtes abonné", "vous recevez ce message car vous êtes abonné", "recibiste este mensaje porque estás suscrito", "has recibido este mensaje porque estás suscrito", "você recebeu essa mensagem porque está inscrito",
		"вы получили это сообщение, поскольку подписаны", "вы получили это сообщение, так как подписаны", "لقد تلقيت هذه الرسالة لأنك مشترك", "تم إرسال هذه الرسالة إليك لأنك مشترك", "bu iletiyi aldınız çünkü"}
}

// isNotice says whether a paragraph is what servers and programs set below mails by themselves: the plea not to print, the word of a virus scanner, or of a
// mailing list, and that a mail is no offer.
func isNotice(s string) bool {
	const most = 60 // words
	s = strings.ToLower(s)
	if len(strings.Fields(s)) > most {
		return false
	}
	mail := hasAny(s, letterhead())
	if strings.Trim(s, " .!") == "think before you print" || hasAny(s, subscribed()) || mail && strings.Contains(s, "офертой") && strings.Contains(s, "не явля") {
		return true
	}
	return hasAny(s, environment()) && hasAny(s, printing()) && mail || hasAny(s, scanners()) && (hasAny(s, viruses()) || mail && hasAny(s, scanned()))
}

// outside, wariness and bait are stems of the caution that servers set above mails from elsewhere, and tags are its first words.
func outside() []string {
	return []string{"external", "outside", "extern", "außerhalb", "extérieur", "esterno", "esterna", "fuera de", "fora da", "внешн", "извне", "خارج", "kurum dışı", "外部"}
}

func bait() []string {
	return []string{"click", "link", "attachment", "klick", "anhäng", "anhang", "cliqu", "lien", "pièce", "enlace", "adjunt", "anexo", "allegat", "bijlage", "ссылк", "вложен", "رابط", "الروابط", "مرفق", "المرفقات", "bağlantı", "链接", "附件", "リンク", "添付"}
}

func cautions() []string {
	return []string{"caution", "warning", "attention", "notice", "external", "[ext", "achtung", "vorsicht", "warnung", "extern", "attenzione", "atención", "precaución", "advertencia", "atenção", "cuidado", "внимание", "осторожно", "внешн", "تحذير", "تنبيه", "خارجي",
		"dikkat", "uyarı", "警告", "注意", "外部", "[外部"}
}

// isCaution says whether a paragraph above everything else is such a caution, or the tag alone: "[EXTERNAL]".
func isCaution(s string) bool {
	const most = 80 // words
	s = strings.ToLower(strings.Trim(s, " *_"))
	switch {
	case strings.Contains(s, "aka.ms/learnaboutsenderidentification"): // Outlook's, in any language
		return true
	case !hasPrefix(s, cautions()):
		return false
	case len(strings.Fields(s)) <= 2:
		return strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && hasAny(s, outside())
	}
	return len(strings.Fields(s)) <= most && hasAny(s, outside()) && hasAny(s, letterhead()) && hasAny(s, bait())
}
