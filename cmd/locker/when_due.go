package main

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// This file reads when something is due: a span from a moment on, or a moment
// that lies ahead where parseWhen takes the one that is past.

var (
	dueSpan  = pattern(`^(?:in|within)? *(\d{1,4}) *([a-z]+|日|日間|週間?|[かカヶヵケ箇]月間?|月間|年間?|時間)(?: *以内| *後| *from now)?$`)
	dueAhead = pattern(`^(tomorrow|明日|あした|明後日|あさって)の? *(.*)$`)
	dueDay   = pattern(`^(today|今日|本日)$`)
)

// dueDays are the words for a day that lies ahead.
var dueDays = map[string]int{"tomorrow": 1, "明日": 1, "あした": 1, "明後日": 2, "あさって": 2}

// longDue bounds a span, in years: a longer one is a typing error.
const longDue = 100

// parseDue reads when something is due: `7 days`, `2 months`, `2か月`, counted
// from a moment; `tomorrow 17:00`, `17:00`, `12/1`, which lie ahead of now; and
// whatever parseWhen reads. A day without a time ends at midnight.
func parseDue(s string, from, now time.Time, monthFirst bool) (time.Time, error) {
	t := digitsForKanji(strings.Join(strings.Fields(norm.NFKC.String(s)), " "))
	if m := dueSpan().FindStringSubmatch(strings.ToLower(t)); m != nil {
		n, _ := strconv.Atoi(m[1]) // four digits at most
		if at, ok := later(from, n, m[2]); ok {
			return at.Truncate(time.Second), nil
		}
		return time.Time{}, errWhenUnknown
	}
	t = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(t, "by "), "まで"), "までに"))
	clocks := []time.Time{now}
	if m := dueAhead().FindStringSubmatch(strings.ToLower(t)); m != nil {
		clocks, t = []time.Time{now.AddDate(0, 0, dueDays[m[1]])}, strings.TrimSpace("今日 "+m[2])
	} else if c, ok := parseClock(fromJapanese(t)); ok && c.zone == nil {
		return nextClock(c, now)
	} else if whenMonth.MatchString(fromJapanese(t)) {
		clocks = []time.Time{now.AddDate(1, 0, 0), now} // a leap day may be further off; then the past one is shown
	}
	if dueDay().MatchString(strings.ToLower(t)) {
		t += " 23:59:59"
	}
	var err error
	for _, c := range clocks {
		var at time.Time
		at, err = parseWhen(t, c, monthFirst)
		if err == errWhenDate {
			at, err = parseWhen(t+" 23:59:59", c, monthFirst)
		}
		if err == nil {
			return at, nil
		}
	}
	return time.Time{}, err
}

// nextClock returns the next moment at which the clocks show c.
func nextClock(c clock, now time.Time) (time.Time, error) {
	for ahead := range 8 {
		day := time.Date(now.Year(), now.Month(), now.Day()+ahead, 12, 0, 0, 0, now.Location())
		for _, at := range c.moments(day.Year(), day.Month(), day.Day(), now.Location()) {
			if at.After(now) {
				return at, nil
			}
		}
	}
	return time.Time{}, errWhenGap
}

// later returns the moment n units after t. A month ends on its last day where
// the day is missing: two months after 31 December is 28 February.
func later(t time.Time, n int, unit string) (time.Time, bool) {
	months := 0
	switch strings.TrimSuffix(unit, "間") {
	case "h", "hour", "hours", "時":
		return t.Add(time.Duration(n) * time.Hour), true
	case "d", "day", "days", "日":
		return t.AddDate(0, 0, n), true
	case "w", "week", "weeks", "週":
		return t.AddDate(0, 0, 7*n), true
	case "month", "months", "か月", "カ月", "ヶ月", "ヵ月", "ケ月", "箇月", "月":
		months = n
	case "y", "year", "years", "年":
		months = 12 * n
	default:
		return t, false
	}
	if months > 12*longDue {
		return t, false
	}
	at := t.AddDate(0, months, 0)
	if at.Day() != t.Day() {
		at = at.AddDate(0, 0, -at.Day())
	}
	return at, true
}
