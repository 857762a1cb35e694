package main

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata"
)

func zone(t testing.TB, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestParseWhen(t *testing.T) {
	tokyo := time.Date(2026, 11, 22, 14, 30, 0, 0, zone(t, "Asia/Tokyo"))
	// New York put its clocks back at 02:00 on this day, to 01:00.
	autumn := time.Date(2026, 11, 1, 12, 0, 0, 0, zone(t, "America/New_York"))
	// And forward at 02:00 on this one, to 03:00.
	spring := time.Date(2026, 3, 8, 12, 0, 0, 0, zone(t, "America/New_York"))
	for _, c := range []struct {
		in   string
		now  time.Time
		want string // RFC 3339, "" if it cannot be read
		err  error

		monthFirst bool
	}{
		{"now", tokyo, "2026-11-22T14:30:00+09:00", nil, false},
		{"2026-11-22T05:03:00Z", tokyo, "2026-11-22T05:03:00Z", nil, false},
		{"2026-11-22T14:03:00.123+09:00", tokyo, "2026-11-22T14:03:00.123+09:00", nil, false},
		{"2026-11-22 14:03", tokyo, "2026-11-22T14:03:00+09:00", nil, false},
		{"2026-11-22  14:03:05", tokyo, "2026-11-22T14:03:05+09:00", nil, false},
		{"2026/11/22 14:03", tokyo, "2026-11-22T14:03:00+09:00", nil, false},
		{"2026-11-22 14:03 -05:00", tokyo, "2026-11-22T14:03:00-05:00", nil, false},
		{"14:03", tokyo, "2026-11-22T14:03:00+09:00", nil, false},
		{"14:30", tokyo, "2026-11-22T14:30:00+09:00", nil, false},
		{"14:31", tokyo, "2026-11-21T14:31:00+09:00", nil, false},
		{"9:00:01", tokyo, "2026-11-22T09:00:01+09:00", nil, false},
		{"10m ago", tokyo, "2026-11-22T14:20:00+09:00", nil, false},
		{"2 hours ago", tokyo, "2026-11-22T12:30:00+09:00", nil, false},
		{"1h 30m ago", tokyo, "2026-11-22T13:00:00+09:00", nil, false},
		{"3 days ago", tokyo, "2026-11-19T14:30:00+09:00", nil, false},
		{"yesterday 23:50", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"Today 9:00", tokyo, "2026-11-22T09:00:00+09:00", nil, false},
		{"2026-11-01 00:59", autumn, "2026-11-01T00:59:00-04:00", nil, false},
		{"2026-11-01 01:30", autumn, "", errWhenTwice, false},
		{"2026-11-01 01:30 -04:00", autumn, "2026-11-01T01:30:00-04:00", nil, false},
		{"today 1:30", autumn, "", errWhenTwice, false},
		{"1:30", autumn, "2026-11-01T01:30:00-05:00", nil, false}, // the latest such moment
		{"2026-03-08 02:30", spring, "", errWhenGap, false},
		{"2:30", spring, "2026-03-07T02:30:00-05:00", nil, false}, // the latest such moment
		{"2026-11-22", tokyo, "", errWhenDate, false},
		{"2026-02-30 10:00", tokyo, "", errWhenUnknown, false},
		{"2026-11-22 24:00", tokyo, "", errWhenUnknown, false},
		{"25:00", tokyo, "", errWhenUnknown, false},
		{"14:03 +09:00", tokyo, "", errWhenUnknown, false},
		{"tomorrow 9:00", tokyo, "", errWhenUnknown, false},
		{"10 parsecs ago", tokyo, "", errWhenUnknown, false},
		{"999999h ago", tokyo, "", errWhenUnknown, false},
		{"0001-01-01 00:00", tokyo, "", errWhenUnknown, false},
		{"", tokyo, "", errWhenUnknown, false},
		{"１４：０３", tokyo, "2026-11-22T14:03:00+09:00", nil, false},
		{"２０２６／１１／２２　１４：０３", tokyo, "2026-11-22T14:03:00+09:00", nil, false},
		{"2 hrs ago", tokyo, "2026-11-22T12:30:00+09:00", nil, false},
		{"5 ms ago", tokyo, "", errWhenUnknown, false},
		{"5 ds ago", tokyo, "", errWhenUnknown, false},
		{"36500d ago", tokyo, "", errWhenUnknown, false}, // before 1970
		{"40000d ago", tokyo, "", errWhenUnknown, false},
		{"40000d 40000d 40000d ago", tokyo, "", errWhenUnknown, false},
		{"999999d 999999d 999999d 999999d ago", tokyo, "", errWhenUnknown, false},
		{"around noon", tokyo, "", errWhenUnknown, false},
		{"2:03 pm", tokyo, "2026-11-22T14:03:00+09:00", nil, false},
		{"12am", tokyo, "2026-11-22T00:00:00+09:00", nil, false},
		{"yesterday 11:50 P.M.", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"13:03 pm", tokyo, "", errWhenUnknown, false},
		{"0pm", tokyo, "", errWhenUnknown, false},
		{"11/21 23:50", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"21/11 23:50", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"21/11 23:50", tokyo, "", errWhenUnknown, true},
		{"5/6 23:50", tokyo, "", errWhenMonth, false},
		{"5/6 23:50", tokyo, "2026-05-06T23:50:00+09:00", nil, true},
		{"12/24 23:50", tokyo, "2025-12-24T23:50:00+09:00", nil, false},
		{"2/29 23:50", tokyo, "2024-02-29T23:50:00+09:00", nil, true},
		{"2/30 23:50", tokyo, "", errWhenUnknown, true},
		{"11/21", tokyo, "", errWhenDate, false},
		{"month 5/6 1:00", tokyo, "2026-05-06T01:00:00+09:00", nil, false},
		{"14時03分", tokyo, "2026-11-22T14:03:00+09:00", nil, false},
		{"１４時３分５秒", tokyo, "2026-11-22T14:03:05+09:00", nil, false},
		{"14時", tokyo, "2026-11-22T14:00:00+09:00", nil, false},
		{"2時半", tokyo, "2026-11-22T02:30:00+09:00", nil, false},
		{"午後2時", tokyo, "2026-11-22T14:00:00+09:00", nil, false},
		{"午後２：０３", tokyo, "2026-11-22T14:03:00+09:00", nil, false},
		{"午後12時10分", tokyo, "2026-11-22T12:10:00+09:00", nil, false},
		{"午前12時10分", tokyo, "2026-11-22T00:10:00+09:00", nil, false},
		{"午後14時", tokyo, "", errWhenUnknown, false},
		{"25時", tokyo, "", errWhenUnknown, false},
		{"昨日 23:50", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"昨日の午後11時50分ごろ", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"一昨日9時", tokyo, "2026-11-20T09:00:00+09:00", nil, false},
		{"今日 9:00", tokyo, "2026-11-22T09:00:00+09:00", nil, false},
		{"今", tokyo, "2026-11-22T14:30:00+09:00", nil, false},
		{"十分前", tokyo, "2026-11-22T14:20:00+09:00", nil, false},
		{"今朝八時半", tokyo, "2026-11-22T08:30:00+09:00", nil, false},
		{"十一月二十一日 十四時三分", tokyo, "2026-11-21T14:03:00+09:00", nil, false},
		{"二〇二六年十一月二日 14:03", tokyo, "2026-11-02T14:03:00+09:00", nil, false},
		{"10分前", tokyo, "2026-11-22T14:20:00+09:00", nil, false},
		{"１０分前", tokyo, "2026-11-22T14:20:00+09:00", nil, false},
		{"1時間半前", tokyo, "2026-11-22T13:00:00+09:00", nil, false},
		{"1時間30分前", tokyo, "2026-11-22T13:00:00+09:00", nil, false},
		{"3日前", tokyo, "2026-11-19T14:30:00+09:00", nil, false},
		{"30分半前", tokyo, "", errWhenUnknown, false},
		{"2026年11月21日 23:50", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"2026年11月21日(土) 23時50分", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"令和8年11月21日 午後11時50分頃", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"令和元年5月1日 0時", tokyo, "2019-05-01T00:00:00+09:00", nil, false},
		{"8年11月21日 23:50", tokyo, "", errWhenUnknown, false},
		{"11月21日 23:50", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"5月6日 23:50", tokyo, "2026-05-06T23:50:00+09:00", nil, false},
		{"12月24日23時", tokyo, "2025-12-24T23:00:00+09:00", nil, false},
		{"11月21日", tokyo, "", errWhenDate, false},
		{"11月31日 9:00", tokyo, "", errWhenUnknown, false},
		{"明日 9時", tokyo, "", errWhenUnknown, false},
		{"夕方", tokyo, "", errWhenUnknown, false},
		{"半時間前", tokyo, "2026-11-22T14:00:00+09:00", nil, false},
		{"深夜2時", tokyo, "2026-11-22T02:00:00+09:00", nil, false},
		{"深夜２時半ごろ", tokyo, "2026-11-22T02:30:00+09:00", nil, false},
		{"深夜12時", tokyo, "", errWhenUnknown, false}, // of which day?
		{"今日の未明3時", tokyo, "2026-11-22T03:00:00+09:00", nil, false},
		{"昨日の深夜2時", tokyo, "", errWhenUnknown, false}, // its first hours, or today's?
		{"昨日の深夜11時半", tokyo, "2026-11-21T23:30:00+09:00", nil, false},
		{"昨夜11時", tokyo, "2026-11-21T23:00:00+09:00", nil, false},
		{"昨夜の10時15分", tokyo, "2026-11-21T22:15:00+09:00", nil, false},
		{"昨晩 23:50", tokyo, "2026-11-21T23:50:00+09:00", nil, false},
		{"昨夜2時", tokyo, "", errWhenUnknown, false},
		{"昨夜", tokyo, "", errWhenDate, false},
		{"朝9時", tokyo, "2026-11-22T09:00:00+09:00", nil, false},
		{"夕方5時", tokyo, "2026-11-21T17:00:00+09:00", nil, false},
		{"11月21日 夜9時", tokyo, "2026-11-21T21:00:00+09:00", nil, false},
		{"11月21日 深夜2時", tokyo, "", errWhenUnknown, false},
		{"夜2時", tokyo, "", errWhenUnknown, false},
		{"朝14時", tokyo, "", errWhenUnknown, false},
		{"一昨日", tokyo, "", errWhenDate, false},
		{"昨日", tokyo, "", errWhenDate, false},
		{"yesterday", tokyo, "", errWhenDate, false},
		{"さっき", tokyo, "", errWhenVague, false},
		{"A while ago", tokyo, "", errWhenVague, false},
		{"just now", tokyo, "2026-11-22T14:30:00+09:00", nil, false},
	} {
		got, err := parseWhen(c.in, c.now, c.monthFirst)
		if !errors.Is(err, c.err) {
			t.Errorf("%q: error %v, want %v", c.in, err, c.err)
			continue
		}
		if err == nil && got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%q: %s, want %s", c.in, got.Format(time.RFC3339Nano), c.want)
		}
	}
}

// A time that is read stays the same when it is written out and read again,
// and a time of day lies in the past.
func FuzzParseWhen(f *testing.F) {
	for _, s := range []string{"now", "14:03", "2026-11-22 14:03", "10m ago", "yesterday 23:50", "2026-11-22T14:03:05.5Z", "2026-03-08 02:30", "昨夜の11時半ごろ", "11月1日 未明1時半", "半時間前"} {
		f.Add(s, int64(1795411800))
	}
	ny := zone(f, "America/New_York")
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		now := time.Unix(unix%10_000_000_000, 0).In(ny)
		got, err := parseWhen(s, now, unix%2 == 0)
		if err != nil {
			if !got.IsZero() {
				t.Fatalf("%q: a time and an error", s)
			}
			return
		}
		again, err := parseWhen(got.Format(time.RFC3339Nano), now, false)
		if err != nil || !again.Equal(got) {
			t.Fatalf("%q: %s and then %s, %v", s, got, again, err)
		}
		if _, ok := parseClock(s); ok && got.After(now) {
			t.Fatalf("%q: %s lies after %s", s, got, now)
		}
	})
}
