package forward

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"causeway/core"
)

const mostHops = 50

// automatic says why a mail was not written by a person, or "". What is merely marked as unwelcome to autoresponders
// (X-Auto-Response-Suppress) may well be.
func (f *Forwarder) automatic(m core.Mail, in Incoming) string {
	switch {
	case len(in.Header[markHeader]) > 0 || f.ours(in):
		return "one of our own mails came back"
	case m.From == "" || m.From == "<>" || slices.Contains(in.Header["Return-Path"], "<>"):
		return "sent with the null return path: a bounce or an automatic answer"
	case in.Type == "multipart/report" || strings.HasPrefix(in.Type, "message/"):
		return "a report of a mail server or mail program: " + in.Type
	case in.Type == "text/calendar" || slices.ContainsFunc(in.Files, calendarAnswer):
		return "a calendar's answer"
	case slices.ContainsFunc(in.From, func(a Address) bool { return core.MailSystem(a.Address) }):
		return "written by a mail system"
	case len(in.Header["Received"]) > mostHops:
		return "it went around in circles"
	}
	return automaticField(in.Header)
}

// ours reports whether a mail has an id of our domain, and is from nobody there but ourselves: agents may have their addresses in it, too.
func (f *Forwarder) ours(in Incoming) bool {
	theirs := slices.ContainsFunc(in.From, func(a Address) bool { return f.within(a.Address) && !f.isFrom(a.Address) })
	return f.within(in.MessageID) && !theirs
}

// within reports whether an address, or an id, is of our domain.
func (f *Forwarder) within(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return strings.EqualFold(strings.TrimSuffix(domain, "."), f.Domain)
}

func calendarAnswer(f IncomingFile) bool {
	if f.MIME != "text/calendar" && f.MIME != "application/ics" {
		return false
	}
	text := bytes.ToUpper(f.Data)
	return slices.ContainsFunc([]string{"REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"}, func(m string) bool { return bytes.Contains(text, []byte("METHOD:"+m)) })
}

// absent begins the subjects of automatic answers that carry no other sign of it. Alone this is too little to throw a mail away, and enough to
// ask.
var absent = regexp.MustCompile(`(?i)^(?:automatic reply|auto|\[?auto-?reply\]?|auto(?:matic)? response|vacation (?:reply|response)|ooo|out of (?:the )?office(?: (?:re|aw|sv|fw))?|automatische antwort|abwesen\pL*|` +
	`réponse automatique|absence du bureau|respuesta automática|fuera de la oficina|risposta automatica|fuori (?:sede|ufficio)|resposta automática|ausência temporária|fora do escritório|` +
	`automatisch antwoord|autosvar|automatiskt? svar|automaattinen vastaus|automaatvastus|odpowiedź automatyczna|automatická odpov\pL+|automatikus válasz|răspuns automat|αυτόματη απάντηση|` +
	`otomatik yanıt|automatski odgovor|samodejni odgovor|automātiska atbilde|automatinis atsakymas|resposta automàtica|erantzun automatikoa|afwezig|frånvarande|fraværende|poza biurem|házon kívül|ofis dışında|` +
	`автоответ(?:чик)?|автоматический ответ|автоматически|автоматичен отговор|аутоматски одговор|нет на месте|не в офисе|вне офиса|автоматична відповідь|поза офісом|` +
	`رد تلقائي|الرد التلقائي|رد آلي|خارج المكتب|מענה אוטומטי|תשובה אוטומטית|תגובה אוטומטית|پاسخ خودکار|स्वचालित उत्तर|自动回复|自动答复|自動回覆|自動答覆|自動応答|自動返信|不在通知|` +
	`자동 회신|(?:부재중 )?자동 응답|ตอบกลับอัตโนมัติ|trả lời tự động|balasan otomatis|jawapan automatik)\s*[:：]|^\[auto-?reply\]|(?:is|am) (?:currently )?out of (?:the )?office\b(?:\.?$| re:)`)

// absentSubject reports whether a subject is that of an automatic answer rather than of an answer to our mail.
func absentSubject(subject string) bool {
	return absent.MatchString(strings.TrimSpace(straight(subject)))
}

// automatics are the short words that receipts and absences put before a subject.
var automatics = []string{"read", "lu", "leído", "letto", "lida", "lido", "已读", "已讀", "away", "leave", "إجازة", "休假", "不在"}

// strangePrefix reports whether a subject is ours behind something that no mail program puts before an answer: one word of a few letters, in any language.
// Automatic answers and receipts put words of their own there. What stands in brackets is a server's.
func strangePrefix(subject, ours string) bool {
	subject, ours = strings.ToLower(straight(subject)), strings.ToLower(straight(ours))
	at := strings.Index(subject, ours)
	if at <= 0 || ours == "" {
		return false
	}
	before := strings.TrimSpace(bracketed.ReplaceAllString(subject[:at], ""))
	first, _, _ := strings.Cut(strings.ReplaceAll(before, "：", ":"), ":")
	first = strings.Trim(first, " .()[]0123456789^")
	if first == "" || strings.HasPrefix(first, "#") || strings.HasPrefix(first, "ext") || slices.Contains(answers, first) {
		return false
	}
	return slices.Contains(automatics, first) || strings.Contains(first, " ") || !shortWord(first)
}

var bracketed = regexp.MustCompile(`\[[^\]]*\]|\([^)]*\)|\*+[^*]+\*+`)

// answers are the longer words that mail programs put before answers and what is passed on.
var answers = []string{"antwort", "résponse", "réponse", "respuesta", "resposta", "risposta", "odpowiedź", "odpověď", "odpoveď", "válasz", "vastaus", "απάντηση", "cevap", "yanıt", "відповідь", "отговор", "одговор",
	"ตอบกลับ", "ส่งต่อ", "trả lời", "chuyển tiếp", "balasan", "forward", "reenv", "weitergeleitet", "переслано", "пересылка", "إعادة توجيه", "الرد على", "továbbítás", "doorgestuurd", "vidarebefordrat"}

// shortWord reports whether a word is as short as what mail programs put before an answer: five letters, or two signs of a script that has thousands.
func shortWord(s string) bool {
	signs := strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana)
	})
	return utf8.RuneCountInString(s) <= 2 || !signs && utf8.RuneCountInString(s) <= 5
}

// automaticField says which header field marks a mail as automatic, or "".
func automaticField(header map[string][]string) string {
	for name, values := range header {
		for _, value := range values {
			word := strings.ToLower(core.FieldWord(value))
			switch strings.ToLower(name) {
			case "auto-submitted":
				if word != "no" && word != "" {
					return "Auto-Submitted: " + word
				}
			case "precedence":
				if slices.Contains([]string{"bulk", "list", "junk", "auto_reply", "auto-reply"}, word) {
					return "Precedence: " + word
				}
			case "list-id", "list-post", "list-help", "list-subscribe", "list-owner", "list-archive":
				return "a mailing list's mail: " + name
			case "list-unsubscribe": // services that send for people put it on each of their mails, but nobody subscribes to a reply address
				if len(header["In-Reply-To"])+len(header["References"]) == 0 {
					return "a mailing list's mail: " + name
				}
			default:
				if core.MachineField(strings.ToLower(name), word) {
					return "an automatic answer: " + name
				}
			}
		}
	}
	return ""
}
