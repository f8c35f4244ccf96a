package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator/mailroom"
	"causeway/core/report"
)

func TestReportOfADay(t *testing.T) {
	w := liveIn(t, worldOptions{})
	w.grace.Say("hello")
	m := w.mailTo(w.lena, "hello")
	_, err := w.lena.Reply(w.within(), m, "hi Grace", mailroom.ReplyOptions{})
	w.must(err)
	w.phoneShows(w.grace, "hi Grace")
	w.settle()
	r := w.robot("read")
	day := func(by int) string { return url.QueryEscape(w.now().AddDate(0, 0, by).Format(time.RFC3339)) }
	doc := r.expect(http.StatusOK, http.MethodGet, "/reports?from="+day(-1)+"&to="+day(1), "")
	all, _ := doc["all"].(map[string]any)
	if all["opened"] != 1.0 || all["in"] != 1.0 || all["out"] != 1.0 || doc["answers"].(map[string]any)["agents"] != 1.0 || doc["unanswered"] != 0.0 {
		t.Errorf("counted %v", doc)
	}
	r.expect(http.StatusUnprocessableEntity, http.MethodGet, "/reports?from="+day(1)+"&to="+day(-1), "")
}

func TestReportForms(t *testing.T) {
	r := report.Report{From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Zone: "UTC",
		All:    report.Line{Name: "all", Opened: 3, FirstAnswer: report.Spread{N: 2, Median: 600, P90: 900, Mean: 600}, Content: report.Satisfaction{Asked: 2, Answered: 1, Average: 4}},
		Agents: []report.Line{{Name: "=cmd()", Opened: 1}}, Queues: []report.Backlog{{Name: "sales", Waiting: 1, Longest: 60, Mean: 60}},
		Workflows: []report.Funnel{{Name: "menu", Began: 6, Ended: map[string]int{"done": 3, "A person answered.": 1}, Steps: map[string]int{"topic": 2}}},
		Comments: []report.Comment{{At: time.Date(2026, 11, 7, 9, 30, 0, 0, time.UTC), Score: 4, Text: "quick,\n\x1b[31mbut late", Conversation: "c7", Number: 7, Channel: "shop", Agent: "Lena"},
			{At: time.Date(2026, 11, 6, 9, 30, 0, 0, time.UTC), Score: 1, Text: "=SUM(1)", Conversation: "c3", Number: 3}}}
	var text, table bytes.Buffer
	if err := printReport(&text, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2026-11-01 to 2026-11-30 (UTC)", "10 min", "15 min", "4.0 (1 of 2)", "0 conversations without an answer", "queue of sales, now: 1 conversation, the longest for 1 min",
		"workflow menu: began 6 times; ended: 3x done, 1x A person answered.; wait at: 2x topic\n",
		"2026-11-07  4      #7            Lena   quick, [31mbut late\n", "2026-11-06  1      #3            –      =SUM(1)\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, &text)
		}
	}
	r.Hours[time.Sunday][9], r.Surge.Conversations, r.All.Content.Scores[3] = 30, 4, 1
	r.All.PickUp, r.All.Abandoned = report.Spread{N: 2, Mean: 60}, 1
	write, err := reportFormat("csv", "lines")
	if err = errors.Join(err, write(&table, r)); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(table.String(), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[1], "all,all,3,0,0,0,2,600,900,600,0,,") || !strings.HasPrefix(lines[2], "agent,'=cmd(),1,") {
		t.Errorf("the table is\n%s", &table)
	}
	now := time.Date(2026, 11, 21, 13, 0, 0, 0, time.UTC)
	from, to, err := reportDays("", "", now)
	if err != nil || from.Format(time.DateOnly) != "2026-10-22" || to.Format(time.DateOnly) != "2026-11-22" {
		t.Errorf("%s to %s: %v", from, to, err)
	}
	for _, bad := range [][2]string{{"2026-11-31", ""}, {"yesterday", ""}, {"2026-12-01", "2026-11-01"}} {
		if _, _, err := reportDays(bad[0], bad[1], now); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	for name, want := range map[string]string{"hours": "\nall,Sunday,9,30\nall,Sunday,10,0\n", "queues": "\nsales,1,60,60\n", "workflows": "\nmenu,6,ended,done,3\nmenu,6,ended,A person answered.,1\nmenu,6,waits,topic,2\n",
		"comments": "\n2026-11-07T09:30:00Z,4,c7,7,shop,Lena,,\"quick,\n\x1b[31mbut late\"\n2026-11-06T09:30:00Z,1,c3,3,,,,'=SUM(1)\n",
		"figures":  "\ntold_of_a_queue,4\nstars_1,0\nstars_2,0\nstars_3,0\nstars_4,1\n"} {
		write, err := reportFormat("csv", name)
		if table.Reset(); err != nil || write(&table, r) != nil || !strings.Contains(table.String(), want) {
			t.Errorf("the table of %s lacks %q, %v:\n%s", name, want, err, &table)
		}
	}
	text.Reset()
	if err := printReport(&text, r); err != nil || !regexp.MustCompile(`(?m)^Sunday( +·){9} +30( +·){14} *$`).MatchString(text.String()) {
		t.Errorf("the hours are not shown, %v:\n%s", err, &text)
	}
	if want := "2 conversations got an agent, after 1 min on average\n1 conversation given up before anybody had them\n"; !strings.Contains(text.String(), want) {
		t.Errorf("the text lacks %q:\n%s", want, &text)
	}
	for _, bad := range [][2]string{{"xml", "lines"}, {"csv", "everything"}} {
		if _, err := reportFormat(bad[0], bad[1]); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
