package webchat

import "causeway/core"

// words are what the widget says, by language. Every language has the same keys.
var words = map[string]map[string]string{
	"en": {"chat": "Chat", "open": "Open chat", "close": "Close chat", "write": "Write a message", "send": "Send", "attach": "Attach a file", "you": "You", "us": "Us",
		"typing": "Writing…", "offline": "No connection. What you write is sent as soon as it is back.", "failed": "Not sent", "sending": "Sending…", "sent": "Sent", "read": "Read",
		"large": "The file is too large.", "name": "Name", "email": "E-mail", "phone": "Phone", "start": "Start chat", "gone": "This message was deleted.", "edited": "edited",
		"identity": "Please sign in to chat.", "whatsapp": "Go on by WhatsApp", "mail": "Write an e-mail", "unread": "unread", "messages": "Messages", "needed": "required", "opens": "Closed now. We are back",
		"telegram": "Go on by Telegram", "messenger": "Go on by Messenger", "sms": "Go on by SMS", "from": "I was chatting on your site.", "scan": "Open it, or scan this with your phone:", "with": "You are talking with",
		"closed": "This conversation was closed. Write to go on.", "leave": "Leave an e-mail address, and our answer reaches you there."},
	"de": {"chat": "Chat", "open": "Chat öffnen", "close": "Chat schließen", "write": "Nachricht schreiben", "send": "Senden", "attach": "Datei anhängen", "you": "Sie", "us": "Wir",
		"typing": "Schreibt …", "offline": "Keine Verbindung. Was Sie schreiben, wird gesendet, sobald sie wieder da ist.", "failed": "Nicht gesendet", "sending": "Wird gesendet …", "sent": "Gesendet", "read": "Gelesen",
		"large": "Die Datei ist zu groß.", "name": "Name", "email": "E-Mail", "phone": "Telefon", "start": "Chat beginnen", "gone": "Diese Nachricht wurde gelöscht.", "edited": "bearbeitet",
		"identity": "Bitte melden Sie sich an, um zu chatten.", "whatsapp": "Weiter mit WhatsApp", "mail": "E-Mail schreiben", "unread": "ungelesen", "messages": "Nachrichten", "needed": "erforderlich", "opens": "Jetzt geschlossen. Wir sind wieder da:",
		"telegram": "Weiter mit Telegram", "messenger": "Weiter mit Messenger", "sms": "Weiter per SMS", "from": "Ich habe auf Ihrer Seite gechattet.", "scan": "Öffnen oder mit dem Telefon scannen:", "with": "Sie sprechen mit",
		"closed": "Dieses Gespräch wurde beendet. Schreiben Sie, um es fortzusetzen.", "leave": "Hinterlassen Sie eine E-Mail-Adresse: Unsere Antwort erreicht Sie dort."},
	"ar": {"chat": "محادثة", "open": "فتح المحادثة", "close": "إغلاق المحادثة", "write": "اكتب رسالة", "send": "إرسال", "attach": "إرفاق ملف", "you": "أنت", "us": "نحن",
		"typing": "يكتب…", "offline": "لا يوجد اتصال. سيُرسل ما تكتبه عند عودته.", "failed": "لم تُرسل", "sending": "جارٍ الإرسال…", "sent": "أُرسلت", "read": "قُرئت",
		"large": "الملف كبير جدًا.", "name": "الاسم", "email": "البريد الإلكتروني", "phone": "الهاتف", "start": "ابدأ المحادثة", "gone": "حُذفت هذه الرسالة.", "edited": "معدّلة",
		"identity": "يرجى تسجيل الدخول للمحادثة.", "whatsapp": "المتابعة عبر واتساب", "mail": "اكتب بريدًا إلكترونيًا", "unread": "غير مقروءة", "messages": "الرسائل", "needed": "مطلوب", "opens": "مغلق الآن. نعود",
		"telegram": "المتابعة عبر تيليغرام", "messenger": "المتابعة عبر ماسنجر", "sms": "المتابعة عبر رسالة نصية", "from": "كنت أتحدث معكم على موقعكم.", "scan": "افتح الرابط أو امسح الرمز بهاتفك:", "with": "تتحدث مع",
		"closed": "أُغلقت هذه المحادثة. اكتب لمتابعتها.", "leave": "اترك بريدك الإلكتروني وسيصلك ردنا عليه."},
	"ru": {"chat": "Чат", "open": "Открыть чат", "close": "Закрыть чат", "write": "Напишите сообщение", "send": "Отправить", "attach": "Прикрепить файл", "you": "Вы", "us": "Мы",
		"typing": "Печатает…", "offline": "Нет соединения. Написанное будет отправлено, как только оно появится.", "failed": "Не отправлено", "sending": "Отправляется…", "sent": "Отправлено", "read": "Прочитано",
		"large": "Файл слишком большой.", "name": "Имя", "email": "Эл. почта", "phone": "Телефон", "start": "Начать чат", "gone": "Сообщение удалено.", "edited": "изменено",
		"identity": "Войдите, чтобы написать в чат.", "whatsapp": "Продолжить в WhatsApp", "mail": "Написать письмо", "unread": "непрочитанных", "messages": "Сообщения", "needed": "обязательно", "opens": "Сейчас закрыто. Мы снова на связи:",
		"telegram": "Продолжить в Telegram", "messenger": "Продолжить в Messenger", "sms": "Продолжить по SMS", "from": "Мы общались в чате на вашем сайте.", "scan": "Откройте ссылку или отсканируйте код телефоном:", "with": "С вами общается",
		"closed": "Разговор завершён. Напишите, чтобы продолжить.", "leave": "Оставьте адрес эл. почты, и наш ответ придёт туда."},
}

// speak chooses the language for a browser's wish.
func (c conf) speak(locale string) string {
	if lang := core.Language(locale); words[lang] != nil {
		return lang
	}
	return c.language
}
