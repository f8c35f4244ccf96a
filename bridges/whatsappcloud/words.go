package whatsappcloud

import "strings"

// words are what buttons say when the author gives them no label.
type words struct{ list, link, form string }

// wordsIn returns those of a language, given as its code; English if there are none.
func wordsIn(language string) words {
	language, _, _ = strings.Cut(strings.ReplaceAll(strings.ToLower(language), "_", "-"), "-")
	switch language {
	case "es":
		return words{"Menú", "Abrir enlace", "Abrir formulario"}
	case "pt":
		return words{"Menu", "Abrir link", "Abrir formulário"}
	case "fr":
		return words{"Menu", "Ouvrir le lien", "Remplir"}
	case "de":
		return words{"Menü", "Link öffnen", "Formular öffnen"}
	case "ar":
		return words{"القائمة", "افتح الرابط", "افتح النموذج"}
	case "ru":
		return words{"Меню", "Открыть ссылку", "Открыть форму"}
	case "hi":
		return words{"मेनू", "लिंक खोलें", "फ़ॉर्म खोलें"}
	case "id":
		return words{"Menu", "Buka tautan", "Buka formulir"}
	}
	return words{"Menu", "Open Link", "Open Form"}
}
