package webchat

import (
	"strings"

	"causeway/core"
)

// The signs by which the panel knows where marked words begin and where they end. Nobody writes them: they are of Unicode's private use.
const (
	signEnd    = "\ue000"
	signBold   = "\ue001"
	signItalic = "\ue002"
	signStrike = "\ue003"
	signCode   = "\ue004"
)

func richMarks() core.MarkStyle {
	nothing := strings.NewReplacer(signEnd, "", signBold, "", signItalic, "", signStrike, "", signCode, "")
	return core.MarkStyle{Bold: [2]string{signBold, signEnd}, Italic: [2]string{signItalic, signEnd}, Strike: [2]string{signStrike, signEnd},
		Code: [2]string{signCode, signEnd}, Block: [2]string{signCode, signEnd}, Escape: nothing.Replace}
}

// rich is a text without its marks, and with the panel's signs instead; the latter is empty if it has none.
func rich(s string) (plain, signed string) {
	plain, marked := core.PlainText(s)
	if !marked {
		return s, ""
	}
	signed, _ = richMarks().Render(s)
	return plain, signed
}
