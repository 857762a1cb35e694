package main

import (
	"slices"

	"evidence-locker/locker/record"
)

// This file writes the guide for programs.

type jsonKind struct {
	Key       string `json:"key"`
	JA        string `json:"ja"`
	EN        string `json:"en"`
	Dangerous bool   `json:"dangerous"`
	Clock     string `json:"clock,omitempty"`
	Police    string `json:"police,omitempty"`
}

type jsonOverview struct {
	Kinds []jsonKind `json:"kinds"`
	Lists []string   `json:"lists"`
}

type jsonGuide struct {
	Incident int           `json:"incident,omitempty"`
	Topics   []string      `json:"topics"`
	Phase    string        `json:"phase,omitempty"`
	Exchange string        `json:"exchange,omitempty"`
	Steps    []jsonStep    `json:"steps"`
	Channels []jsonChannel `json:"channels,omitempty"`
	Wishes   []jsonRemark  `json:"wishes,omitempty"`
	Always   []jsonStep    `json:"always,omitempty"`
	Differ   []jsonRemark  `json:"contradictions,omitempty"`
	Damaged  []jsonDamage  `json:"damaged,omitempty"`
}

type jsonStep struct {
	N       int        `json:"n,omitempty"`
	Key     string     `json:"key"`
	JA      string     `json:"ja"`
	EN      string     `json:"en"`
	Sources []string   `json:"sources"`
	Done    []jsonDone `json:"done,omitempty"`
}

type jsonDone struct {
	Seq        int64    `json:"seq"`
	At         string   `json:"at,omitempty"`
	RecordedAt string   `json:"recorded_at"`
	Note       jsonText `json:"note,omitempty"`
}

type jsonRemark struct {
	Topic   string   `json:"topic"` // a kind, a list or an exchange
	JA      string   `json:"ja"`
	EN      string   `json:"en"`
	Sources []string `json:"sources"`
}

type jsonChannel struct {
	Kind          string             `json:"kind"`
	Offered       string             `json:"offered"`
	LookUp        bool               `json:"look_up"` // on the official site: nothing confirmed is known
	Address       string             `json:"address,omitempty"`
	AddressGrade  string             `json:"address_grade,omitempty"`
	Date          string             `json:"date,omitempty"`
	ReadOn        string             `json:"read_on"`
	JA            string             `json:"ja,omitempty"`
	EN            string             `json:"en,omitempty"`
	Sources       []jsonChannelFrom  `json:"sources"`
	Contradiction *jsonContradiction `json:"contradiction,omitempty"`
}

type jsonChannelFrom struct {
	Where string `json:"where"`
	Grade string `json:"grade"`
}

type jsonContradiction struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

func (e *env) guideJSON(g *guide) jsonGuide {
	_, book := e.books()
	out := jsonGuide{Incident: g.incident, Topics: g.keys(), Phase: g.phase, Steps: []jsonStep{}}
	for _, s := range slices.Concat(g.steps(book)...) {
		j := jsonStep{N: len(out.Steps) + 1, Key: s.Key, JA: s.JA, EN: s.EN, Sources: s.Sources}
		for _, r := range g.done[s.Key] {
			d := jsonDone{Seq: r.Seq, RecordedAt: timeJSON(r.RecordedAt)}
			if t, ok := r.Fields["at"].(record.Time); ok {
				d.At = timeJSON(t.At)
			}
			text, _ := r.Fields["text"].(record.Text)
			d.Note = jsonText(text)
			j.Done = append(j.Done, d)
		}
		out.Steps = append(out.Steps, j)
	}
	if !g.lists {
		for _, k := range g.topics {
			out.Wishes = append(out.Wishes, jsonRemark{k.Key, k.Wish.JA, k.Wish.EN, k.Wish.Sources})
		}
		for _, s := range book.Always() {
			out.Always = append(out.Always, jsonStep{Key: s.Key, JA: s.JA, EN: s.EN, Sources: s.Sources})
		}
	}
	for _, k := range g.topics {
		for _, r := range k.Contradictions {
			out.Differ = append(out.Differ, jsonRemark{k.Key, r.JA, r.EN, r.Sources})
		}
	}
	if x := g.exchange; x != nil {
		out.Exchange = x.Key
		for _, c := range x.Channels(e.channelKinds(g)...) {
			j := jsonChannel{
				Kind: c.Kind, Offered: string(c.Offered), LookUp: !c.Known(), Address: c.Address,
				AddressGrade: string(c.AddressGrade), Date: c.Date, ReadOn: x.ReadOn, JA: c.JA, EN: c.EN,
			}
			for _, s := range c.Sources {
				j.Sources = append(j.Sources, jsonChannelFrom{s.Where, string(s.Grade)})
			}
			if c.Contradiction.EN != "" {
				j.Contradiction = &jsonContradiction{c.Contradiction.JA, c.Contradiction.EN}
			}
			out.Channels = append(out.Channels, j)
		}
		for _, r := range x.Contradictions {
			var sources []string
			for _, s := range r.Sources {
				sources = append(sources, s.Where)
			}
			out.Differ = append(out.Differ, jsonRemark{x.Key, r.JA, r.EN, sources})
		}
	} else if g.named != "" {
		e.unknownExchange(g)
	}
	for _, d := range g.damaged {
		out.Damaged = append(out.Damaged, jsonDamage{d.Seq, d.Err.Error()})
	}
	return out
}
