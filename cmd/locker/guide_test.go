package main

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"evidence-locker/locker"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"

	"github.com/rivo/uniseg"
)

// guideEnv is an env with the built-in data only.
func guideEnv(l lang, out io.Writer) *env {
	e := &env{stdout: out, stderr: io.Discard, now: systemClock, line: &commandLine{}, catalog: exchange.Builtin(), book: playbook.Builtin()}
	e.ui = newUI(e, l)
	return e
}

// Whatever guide shows fits 80 columns in both languages; only an address,
// which stands whole, may go beyond.
func TestGuideWidth(t *testing.T) {
	topics := [][]string{nil, {"general"}, {"afterwards"}, {"prepare"}, {"phishing", "theft"}}
	for _, k := range playbook.Builtin().Kinds() {
		topics = append(topics, []string{k.Key})
	}
	at := []string{"", "nobody knows it"}
	for _, x := range exchange.Builtin().Exchanges() {
		at = append(at, x.Key)
	}
	n := 0
	for _, l := range slices.Sorted(maps.Keys(catalogues)) {
		for _, words := range topics {
			for _, x := range at {
				for _, o := range []guideOptions{{}, {sources: true}, {phase: "api"}, {phase: "depositing"}} {
					o.words, o.exchange = words, x
					var b bytes.Buffer
					e := guideEnv(l, &b)
					if err := runGuide(t.Context(), e, o); err != nil {
						t.Fatalf("%s %+v: %v", l, o, err)
					}
					for _, line := range strings.Split(b.String(), "\n") {
						n++
						if w := uniseg.StringWidth(line); w > helpWidth && strings.Contains(strings.TrimSpace(line), " ") {
							t.Errorf("%s %v %s: %d columns: %s", l, words, x, w, line)
						}
					}
				}
			}
		}
	}
	if n < 10000 {
		t.Errorf("only %d lines", n)
	}
}

// The list of kinds fits a terminal of 24 lines, with the prompt.
func TestGuideOverviewFits(t *testing.T) {
	for l := range catalogues {
		var b bytes.Buffer
		if err := runGuide(t.Context(), guideEnv(l, &b), guideOptions{}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "\n"); n > 23 {
			t.Errorf("%s: %d lines", l, n)
		}
	}
}

// Every channel and grade of the data has its word.
func TestChannelTexts(t *testing.T) {
	for l := range catalogues {
		for _, k := range exchange.ChannelKinds() {
			if !l.has("channel." + k) {
				t.Errorf("%s: no word for the channel %q", l, k)
			}
		}
		for _, g := range []string{string(exchange.Official), string(exchange.Seed), string(exchange.ThirdParty), "lawyer", "own"} {
			if !l.has("grade." + g) {
				t.Errorf("%s: no word for the grade %q", l, g)
			}
		}
	}
}

// A hostile note or exchange of an incident does not steer the terminal.
func TestGuideIsHarmless(t *testing.T) {
	var b bytes.Buffer
	e := guideEnv("en", &b)
	theft, _ := e.book.Lookup("theft")
	g := &guide{topics: []playbook.Kind{theft}, incident: 1, named: "a\x1b[2Jb", done: map[string][]*locker.Record{
		"takeover/1": {{Record: record.Record{Seq: 7, Fields: record.Fields{"text": record.Text("c\x1b[2J\nd")}}}},
	}}
	e.showGuide(g, true)
	if out := b.String(); strings.Contains(out, "\x1b") || !strings.Contains(out, `a\x1b[2Jb`) || !strings.Contains(out, `c\x1b[2J\nd`) {
		t.Errorf("%q", out)
	}
}

// A step's number is found by its line, its key and whatever the width.
func TestFindStep(t *testing.T) {
	book := playbook.Builtin()
	lines := book.Steps("theft", "")
	for k, want := range map[string]string{"1": "takeover/1", "８": "theft/1", " 12 ": "theft/5", "Theft/2": "theft/2", "mis-order/1": "mis-order/1"} {
		if s, _, err := findStep(book, lines, k); err != nil || s.Key != want {
			t.Errorf("%q: %q, %v", k, s.Key, err)
		}
	}
	for _, k := range []string{"", "0", "13", "-1", "x", "theft/", "/1", "theft/6", "prepare/1", "99999999999999999999"} {
		if s, _, err := findStep(book, lines, k); err == nil {
			t.Errorf("%q: %q", k, s.Key)
		}
	}
}
