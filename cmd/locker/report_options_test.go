package main

import (
	"errors"
	"image"
	"reflect"
	"testing"
)

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"7MB": 7_000_000, "7000000": 7_000_000, "500KB": 500_000, "500kb": 500_000, "7MiB": 7 << 20, "0": 0, "0MB": 0,
		"14.5MB": 14_500_000, "1.5KiB": 1536, "7 MB": 7_000_000, "7m": 7_000_000, "1gb": 1_000_000_000, "12b": 12,
		"７ＭＢ": 7_000_000, "0.0009KB": -1, "1.0009KB": 1000,
		"": -1, "MB": -1, "-1": -1, "+7MB": -1, "7,5MB": -1, "1e9": -1, "7TB": -1, "7MBs": -1, "0x10": -1, ".5MB": -1,
		"999999999999999GB": -1, "9999999999999999": -1, "NaN": -1, "7MB ": -1, "7iB": -1,
	} {
		got, ok := parseSize(in)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %d, %v, want %d", in, got, ok, want)
		}
	}
}

func TestRoundedSize(t *testing.T) {
	for _, n := range []int64{1, 99_999, 100_000, 100_001, 7_000_000, 7_000_001, 123_456_789} {
		got, ok := parseSize(roundedSize(n))
		if !ok || got < n || got >= n+100_000 {
			t.Errorf("%d: %s is %d", n, roundedSize(n), got)
		}
	}
}

func TestParseAreas(t *testing.T) {
	got, err := parseAreas("--mask", []string{"12:1,2,30,40", "7:0,0,1,1", "12:5,5,5,5", "１２：１，２，３，４"})
	want := map[int64][]image.Rectangle{
		12: {image.Rect(1, 2, 31, 42), image.Rect(5, 5, 10, 10), image.Rect(1, 2, 4, 6)},
		7:  {image.Rect(0, 0, 1, 1)},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for in, key := range map[string]string{
		"": "usage.no-area", "12": "usage.no-area", "12:1,2,3": "usage.no-area", "12:1,2,3,4,5": "usage.no-area", "1,2,3,4": "usage.no-area",
		"12:-1,2,3,4": "usage.no-area", "12:1.5,2,3,4": "usage.no-area", "12:1,2,3,4 ": "usage.no-area", "x:1,2,3,4": "usage.no-area",
		"12:1,2,9999999999,4": "usage.no-area", "12:1,2,0,4": "usage.empty-area", "12:1,2,3,0": "usage.empty-area",
	} {
		_, err := parseAreas("--mask", []string{"1:1,1,1,1", in})
		var usage *usageError
		if !errors.As(err, &usage) || usage.key != key {
			t.Errorf("%q: %v, want %s", in, err, key)
		}
	}
}

// A line to paste holds every flag and argument of the one that was typed.
func TestChangedLine(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"report", "3", "--for", "freeze"}, "locker report --for=freeze --max-size 9MB 3"},
		{[]string{"--vault", "my vault", "report", "--max-size=1KB", "-o", "it's.pdf"}, `locker '--vault=my vault' report '--output=it'\''s.pdf' --max-size 9MB`},
		{[]string{"report", "--mask", "1:2,3,4,5", "--mask", "1:6,7,8,9", "--strict"}, "locker report --mask=1:2,3,4,5 --mask=1:6,7,8,9 --strict --max-size 9MB"},
		{[]string{"report", "--", "-3"}, "locker report --max-size 9MB -- -3"},
	} {
		line, err := testGrammar().order(c.words)
		if err != nil {
			t.Fatal(err)
		}
		if got := quoteLine(line.changed("max-size", "--max-size", "9MB")); got != c.want {
			t.Errorf("%q: %s, want %s", c.words, got, c.want)
		}
	}
	line, err := testGrammar().order([]string{"report", "--for", "ja", "--lang", "ja"})
	if err != nil {
		t.Fatal(err)
	}
	if got := quoteLine(line.replaced("for", "ja", "mica")); got != "locker report --for=mica --lang=ja" {
		t.Error(got)
	}
}
