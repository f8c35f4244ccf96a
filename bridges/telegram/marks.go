package telegram

import "causeway/core"

// rendered writes a text's marks as Telegram's HTML; false if there are none, and the text may go as it is.
func rendered(s string) (string, bool) { return core.HTMLMarks().Render(s) }
