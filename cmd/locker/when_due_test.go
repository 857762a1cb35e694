package main

import (
	"testing"
	"time"
)

func TestParseDue(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 14, 30, 15, 5, tokyo)
	from := time.Date(2026, 11, 20, 9, 0, 0, 0, tokyo)
	for s, want := range map[string]string{
		"7 days": "2026-11-27 09:00:00", "within 7 days": "2026-11-27 09:00:00", "7日以内": "2026-11-27 09:00:00", "７日": "2026-11-27 09:00:00",
		"2 months": "2027-01-20 09:00:00", "2か月": "2027-01-20 09:00:00", "二ヶ月": "2027-01-20 09:00:00", "２ヶ月": "2027-01-20 09:00:00", "2カ月後": "2027-01-20 09:00:00",
		"24 hours": "2026-11-21 09:00:00", "24時間": "2026-11-21 09:00:00", "1 year": "2027-11-20 09:00:00", "2週間": "2026-12-04 09:00:00", "in 3 weeks": "2026-12-11 09:00:00",
		"2026-12-01": "2026-12-01 23:59:59", "2026-12-01 17:00": "2026-12-01 17:00:00", "12/13": "2026-12-13 23:59:59", "12月1日": "2026-12-01 23:59:59",
		"12月1日 17時まで": "2026-12-01 17:00:00", "1月10日": "2027-01-10 23:59:59", "11月22日": "2026-11-22 23:59:59", "令和8年12月1日": "2026-12-01 23:59:59",
		"17:00": "2026-11-22 17:00:00", "14:00": "2026-11-23 14:00:00", "明日": "2026-11-23 23:59:59", "tomorrow 17:00": "2026-11-23 17:00:00", "明後日 9時": "2026-11-24 09:00:00",
		"today": "2026-11-22 23:59:59", "今日": "2026-11-22 23:59:59", "今日 18時": "2026-11-22 18:00:00",
		"2026-12-01T17:00:00+09:00": "2026-12-01 17:00:00", "2026-11-01 10:00": "2026-11-01 10:00:00",
		"soon": "", "": "", "0x7 days": "", "99999 days": "", "9999 months": "", "7": "", "2026-13-01": "", "5/6": "",
	} {
		got, err := parseDue(s, from, now, false)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q: %s", s, got)
		case want != "" && (err != nil || got.Format(time.DateTime) != want):
			t.Errorf("%q: %s, %v, want %s", s, got, err, want)
		}
	}
	// A month that is too short ends on its last day.
	for s, want := range map[string]string{"2 months": "2027-02-28", "1 month": "2027-01-31", "14か月": "2028-02-29", "6 months": "2027-06-30"} {
		if got, err := parseDue(s, time.Date(2026, 12, 31, 9, 0, 0, 0, tokyo), now, false); err != nil || got.Format(time.DateOnly) != want {
			t.Errorf("%q after 31 December: %s, %v", s, got, err)
		}
	}
	if got, err := parseDue("5/6", from, now, true); err != nil || got.Format(time.DateOnly) != "2027-05-06" {
		t.Errorf("5/6, month first: %s, %v", got, err)
	}
}

// Whatever is typed, it is a time in the years that records know, or an error.
func FuzzParseDue(f *testing.F) {
	for _, s := range []string{"7 days", "2か月", "12/1", "明日 17時", "tomorrow", "17:00", "2026-12-01", "24:00", "2月29日"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 22, 14, 30, 15, 5, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseDue(s, now, now, false)
		if err == nil && (got.Year() < minYear || got.Year() > maxYear) || err != nil && !got.IsZero() {
			t.Errorf("%q: %s, %v", s, got, err)
		}
	})
}
