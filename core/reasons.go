package core

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
)

//go:embed reasons.json
var reasonsFile []byte

// reasons are the sentences of the gate and of the bridges, which are English, in other languages. {channel} stands for what people call the
// channel.
var reasons = sync.OnceValues(func() (map[string]map[string]string, error) {
	var all map[string]map[string]string
	err := json.Unmarshal(reasonsFile, &all)
	return all, err
})

// Reason returns a sentence of a Decision, a Problem or a SendError in a language: "ar", "ru". Title is Info.Title of the channel that it is
// about. A sentence that is not translated, or that holds something of its own, such as a name, comes back as it is.
func Reason(language, title, sentence string) string {
	all, err := reasons()
	if err != nil { // a test reads the file
		return sentence
	}
	if s := all[sentence][language]; s != "" {
		return s
	}
	if title != "" {
		if s := all[strings.ReplaceAll(sentence, title, "{channel}")][language]; s != "" {
			return strings.ReplaceAll(s, "{channel}", title)
		}
	}
	return sentence
}
