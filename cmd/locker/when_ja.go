package main

import (
	"slices"
	"strconv"
	"strings"
)

// This file turns the times that people write in Japanese into the forms that
// parseWhen reads. It never guesses: what it does not know stays as it is, and
// is then no time.

var (
	// 14時03分05秒, 2時半, also behind 午前 and 午後.
	jaClock = pattern(`^(午前|午後|深夜|未明|早朝|朝|夕方|夜)?の? *(\d{1,2})(?:時 *(?:(半)|(?:(\d{1,2})分 *(?:(\d{1,2})秒)?)?)|:(\d{2})(?::(\d{2}))?)$`)
	jaDay   = pattern(`^(今日|本日|きょう|今朝|昨日|前日|きのう|一昨日|おととい|昨夜|昨晩|ゆうべ)の? *(.*)$`)
	jaDate  = pattern(`^(?:(令和)? *(\d{1,4}|元)年 *)?(\d{1,2})月 *(\d{1,2})日(?: *[(（]?[月火水木金土日](?:曜日?)?[)）]?)? *(.*)$`)
	jaAgo   = pattern(`^(半時間|(?:\d{1,6} *(?:日|時間|分|秒)間? *)+)(半)?前$`)
	jaUnit  = pattern(`(\d+) *(日|時間|分|秒)間?`)
)

var (
	jaDays  = map[string]string{"今日": "today", "本日": "today", "きょう": "today", "今朝": "today", "昨日": "yesterday", "きのう": "yesterday", "前日": "yesterday", "一昨日": "2 days back", "おととい": "2 days back", "昨夜": "yesterday", "昨晩": "yesterday", "ゆうべ": "yesterday"}
	jaUnits = map[string]string{"日": "d", "時間": "h", "分": "m", "秒": "s"}
)

// kanjiNumber is a number before what it counts: 十分前, 二か月, 十一月二十二日.
var kanjiNumber = pattern(`([〇一二三四五六七八九十]{1,4})(年|月|日|週|時|分|秒|[かカヶヵケ箇]月)`)

// digitsForKanji writes the numbers of a time in digits. One that is not written
// as people do stays as it is.
func digitsForKanji(s string) string {
	return kanjiNumber().ReplaceAllStringFunc(s, func(match string) string {
		m := kanjiNumber().FindStringSubmatch(match)
		tens, ones, ten := strings.Cut(m[1], "十")
		plain := func(s string) string {
			return strings.NewReplacer("〇", "0", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9").Replace(s)
		}
		if ten {
			t, o := plain(tens), plain(ones)
			if t == "" {
				t = "1"
			}
			if o == "" {
				o = "0"
			}
			if len(t) != 1 || len(o) != 1 {
				return match
			}
			return t + o + m[2]
		}
		return plain(m[1]) + m[2]
	})
}

// fromJapanese rewrites a time of normal width. Words for "about" are left out
// of it; the record keeps them, with all that was typed.
func fromJapanese(s string) string {
	s = digitsForKanji(s)
	for _, about := range []string{"頃", "ごろ", "ころ", "くらい", "ぐらい"} {
		s = strings.TrimSpace(strings.TrimSuffix(s, about))
	}
	switch s {
	case "今", "いま", "たった今", "現在":
		return "now"
	}
	if m := jaAgo().FindStringSubmatch(s); m != nil {
		if m[1] == "半時間" && m[2] == "" {
			return "30m ago"
		}
		var parts []string
		for _, u := range jaUnit().FindAllStringSubmatch(m[1], -1) {
			parts = append(parts, u[1]+jaUnits[u[2]])
		}
		if m[2] != "" {
			if !strings.HasSuffix(strings.TrimSpace(m[1]), "時間") {
				return s
			}
			parts = append(parts, "30m")
		}
		return strings.Join(parts, " ") + " ago"
	}
	if m := jaDay().FindStringSubmatch(s); m != nil {
		return strings.TrimSpace(jaDays[m[1]] + " " + clockOfDay(m[1], m[2]))
	}
	if m := jaDate().FindStringSubmatch(s); m != nil {
		date := m[3] + "/" + m[4]
		if m[2] != "" {
			y, err := strconv.Atoi(m[2])
			switch {
			case m[1] == "" && err == nil && len(m[2]) == 4:
			case m[1] != "" && m[2] == "元":
				y = 2019
			case m[1] != "" && err == nil && len(m[2]) < 3:
				y += 2018
			default:
				return s
			}
			date = strconv.Itoa(y) + "/" + date
		} else {
			date = monthDay + date
		}
		return strings.TrimSpace(date + " " + clockOfDay("", m[5]))
	}
	return clockFromJapanese(s)
}

// nightly are the words for a night of which nobody can tell whether its small hours
// are of the day named or of the next.
var nightly = []string{"昨夜", "昨晩", "ゆうべ"}

// clockOfDay rewrites a time of a day that is named, or returns s.
func clockOfDay(day, s string) string {
	night := slices.Contains(nightly, day)
	if night && jaClock().MatchString("夜"+s) {
		s = "夜" + s
	}
	at := clockFromJapanese(s)
	hour, _, _ := strings.Cut(at, ":")
	if h, err := strconv.Atoi(hour); err == nil && h < 6 && at != s && (night || strings.HasPrefix(s, "深夜")) {
		return s
	}
	return at
}

// hours are those that a word before them leaves no doubt about, and how many
// to add to them on a twenty-four-hour clock.
var hours = map[string][]struct{ from, to, add int }{
	"午前": {{0, 11, 0}, {12, 12, -12}},
	"午後": {{0, 11, 12}, {12, 12, 0}},
	"深夜": {{0, 4, 0}, {11, 11, 12}, {22, 23, 0}},
	"未明": {{0, 5, 0}},
	"早朝": {{4, 8, 0}},
	"朝":  {{4, 11, 0}},
	"夕方": {{3, 7, 12}, {15, 19, 0}},
	"夜":  {{6, 11, 12}, {18, 23, 0}},
	"":   {{0, 23, 0}},
}

// clockFromJapanese rewrites a time of day, or returns s.
func clockFromJapanese(s string) string {
	m := jaClock().FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return s
	}
	hour, _ := strconv.Atoi(m[2])
	sure := false
	for _, h := range hours[m[1]] {
		if hour >= h.from && hour <= h.to {
			hour, sure = hour+h.add, true
			break
		}
	}
	if !sure {
		return s
	}
	two := func(digits string) string {
		if digits == "" {
			return "00"
		}
		return strings.Repeat("0", 2-len(digits)) + digits
	}
	minute, second := two(m[4]+m[6]), two(m[5]+m[7])
	if m[3] != "" {
		minute = "30"
	}
	return strconv.Itoa(hour) + ":" + minute + ":" + second
}
