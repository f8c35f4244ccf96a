package cut

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestClientTemplates builds replies with the introductions that Thunderbird, Roundcube and Evolution write in their many languages.
func TestClientTemplates(t *testing.T) {
	table, err := os.ReadFile(filepath.Join(fixtures, "attributions.tsv"))
	if err != nil {
		t.Skip("the clients' templates are not here: " + err.Error())
	}
	labels := map[string]map[string]string{}
	type template struct{ client, locale, key, text string }
	var all []template
	for _, row := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		f := strings.Split(row, "\t")
		id := f[0] + " " + f[1]
		if labels[id] == nil {
			labels[id] = map[string]string{}
		}
		labels[id][f[2]] = f[3]
		all = append(all, template{f[0], f[1], f[2], f[3]})
	}
	const mine = "Danke, ist angekommen.\nIch rufe morgen an."
	right, total := 0, 0
	for _, x := range all {
		text := ""
		l := labels[x.client+" "+x.locale]
		switch {
		case strings.HasPrefix(x.key, "reply_header_") && !strings.HasSuffix(x.key, "originalmessage"), x.key == "mailreplyintro", x.key == "reply":
			text = filled(x.text) + "\n> Hello,\n>\n> our last message about order 1042.\n>\n> Shop\n"
		case x.key == "reply_header_originalmessage" && strings.Contains(x.text, "--"):
			text = x.text + "\n" + headers(l["header:SUBJECT"], l["header:DATE"], l["header:FROM"], l["header:TO"]) + "\nHello,\n\nour last message about order 1042.\n"
		case x.key == "originalmessage" && x.client == "roundcube":
			text = "-------- " + x.text + " --------\n" + headers(l["subject"], l["date"], l["from"], l["to"]) + "\nHello,\n\nour last message about order 1042.\n"
		default:
			continue
		}
		total++
		r := Reply(Mail{Text: mine + "\n\n" + text})
		if r.Text == mine {
			right++
		} else {
			t.Logf("%s %s %s: sure %v, %s\n%s", x.client, x.locale, x.key, r.Sure, r.How, r.Text)
		}
		if r.Sure && strings.Contains(r.Text, "Hello") || !strings.Contains(r.Text, "Danke") {
			t.Errorf("%s %s %s: quote leaked or text lost", x.client, x.locale, x.key)
		}
	}
	t.Logf("%d of %d templates", right, total)
	if right*100 < total*98 {
		t.Errorf("%d of %d templates is too few", right, total)
	}
}

func filled(s string) string {
	return strings.NewReplacer("#1", "Mona Haddad", "#2", "21/11/2026", "#3", "10:42", "$sender", "Mona Haddad", "$date", "2026-11-21 10:42", "%s", "Mona Haddad", "${Sender}", "Mona Haddad",
		"${WeekdayName}", "Saturday", "${AbbrevWeekdayName}", "Sat", "${Day}", "21", "${Month}", "11", "${MonthName}", "November", "${AbbrevMonthName}", "Nov", "${Year}", "2026",
		"${24Hour}", "10", "${Minute}", "42", "${12Hour}", "10", "${AmPm}", "AM", "${TimeZone}", "+0300").Replace(s)
}

func headers(subject, date, from, to string) string {
	return subject + ": Order 1042\n" + date + ": Sat, 21 Nov 2026 10:42:00 +0300\n" + from + ": Mona Haddad <mona@shop.example>\n" + to + ": Ali <ali@agents.example>\n"
}
