package report

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/rivo/uniseg"

	"evidence-locker/locker/record"
)

// strict counts a text in the way of TextOptions, by itself.
func strict(s string) int {
	return len(utf16.Encode([]rune(strings.ReplaceAll(s, "\n", "\r\n"))))
}

// longIncident has rows and texts that are long, and many of them.
func longIncident() *made {
	m := fullIncident()
	for i := range 12 {
		m.add("note", record.Fields{"text": word(fmt.Sprintf("メモ%d 😀𠮷", i)), "at": when("2026-11-03T09:00:00+09:00")})
		m.add("transfer", record.Fields{"amount": sum("1 BTC"), "txid": word(fmt.Sprintf("%064x", i)), "memo": word(strings.Repeat("A1b2", 25))})
	}
	m.add("contact", record.Fields{"with": word("support"), "text": word(strings.Repeat("長い回答の文章である。", 150)), "note": word("x")})
	m.add("incident", record.Fields{"narrative": word(strings.Repeat("そのとき画面には何も出なかった。", 120)), "request": word(strings.Repeat("調べてほしい。", 60))})
	return m
}

func checkWidth(t *testing.T, s string) {
	t.Helper()
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if w := uniseg.StringWidth(line); w > columns && strings.ContainsAny(strings.TrimSpace(line), " 　") {
			t.Errorf("%d columns: %q", w, line)
		}
	}
}

func TestTextLimit(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*made{"full": fullIncident(), "empty": emptyIncident(), "long": longIncident()} {
		for _, o := range forms() {
			r := mustBuild(t, m.Input, o)
			var whole strings.Builder
			if left, err := r.WriteText(&whole, TextOptions{}); err != nil || left != nil {
				t.Fatal(left, err)
			}
			checkWidth(t, whole.String())
			full, doc := strict(whole.String()), r.text()
			limits := []int{200, full - 1, full, full + 1}
			for n := 201; n < full; n += 1 + n/6 {
				limits = append(limits, n)
			}
			slices.Sort(limits)
			var before [][]int
			for _, n := range limits {
				c, err := doc.cut(n)
				var got strings.Builder
				var left []string
				switch {
				case n >= full-1 || o.For == "support" && err != nil:
					left, err = r.WriteText(&got, TextOptions{MaxChars: n})
				case err == nil: // what WriteText does, without making the lines anew
					got.WriteString(doc.render(c))
					left = c.left()
				}
				var short *TextLimitError
				if errors.As(err, &short) {
					if got.Len() > 0 || n >= short.Least || short.Max != n || short.Least > 400 || before != nil {
						t.Fatalf("%s %+v: %d: %v after %q", name, o, n, err, got.String())
					}
					got.Reset()
					if _, err := r.WriteText(&got, TextOptions{MaxChars: short.Least}); err != nil || strict(got.String()) != short.Least {
						t.Errorf("%s %+v: least of %d: %d, %v", name, o, short.Least, strict(got.String()), err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if size := strict(got.String()); size > n {
					t.Fatalf("%s %+v: %d characters, %d allowed", name, o, size, n)
				}
				checkWidth(t, got.String())
				if n >= full {
					if got.String() != whole.String() || left != nil {
						t.Errorf("%s %+v: cut at %d of %d", name, o, n, full)
					}
					continue
				}
				if err := checkLeft(doc, got.String(), left); err != nil {
					t.Fatalf("%s %+v: %d: %v", name, o, n, err)
				}
				for i := range before {
					for j := range before[i] {
						if c.kept[i][j] < before[i][j] {
							t.Fatalf("%s %+v: %d shows less than a smaller limit", name, o, n)
						}
					}
				}
				before = c.kept
			}
		}
	}
}

// checkLeft compares a cut text with the blocks that it was made from: what is
// said to be left out is not there, and all else is.
func checkLeft(doc *text, got string, left []string) error {
	head := doc.s("\n字数の制限のため", "\nLeft out for want of space:")
	body, list, listed := strings.Cut(got, head)
	if listed != (len(left) > 0) {
		return fmt.Errorf("left out %q, and the text ends with\n%s", left, list)
	}
	amount := regexp.MustCompile(`(\d+) of (\d+) (?:rows|lines)|(\d+)行のうち(\d+)行`)
	named := strings.ReplaceAll(strings.ReplaceAll(list, "\n  ", ""), " ", "")
	short := !strings.Contains(list, "\n- ")
	others := 0
	sections := doc.sections
	for i, s := range sections {
		title := strings.Join(s.head, "\n")
		var about []string
		for _, l := range left {
			if l == s.title || strings.HasPrefix(l, s.title+": ") || strings.HasPrefix(l, s.title+"：") {
				about = append(about, l)
			}
		}
		if len(about) > 1 {
			return fmt.Errorf("%q twice in %q", s.title, left)
		}
		_, shown, there := strings.Cut("\n"+body, "\n"+title+"\n")
		shown = "\n" + shown
		for _, next := range sections[i+1:] {
			shown, _, _ = strings.Cut(shown, "\n"+strings.Join(next.head, "\n")+"\n")
		}
		shown += "\n"
		// find goes on behind what it found: rows may be the same.
		find := func(lines []string) bool {
			want := "\n" + strings.Join(lines, "\n") + "\n"
			at := strings.Index(shown, want)
			if at >= 0 {
				shown = shown[at+len(want)-1:]
			}
			return there && at >= 0
		}
		rows, shownRows := 0, 0
		whole := true
		hasRows := slices.ContainsFunc(s.items, func(x textItem) bool { return x.row })
		for _, item := range s.items {
			if hasRows {
				rows++
				first := item.next(0)
				if find(item.lines[:first]) {
					shownRows++
					whole = whole && (first == len(item.lines) || strings.HasPrefix(shown, "\n"+strings.Join(item.lines[first:], "\n")+"\n"))
				} else {
					whole = false
				}
				continue
			}
			for _, l := range item.lines {
				rows++
				if find([]string{l}) {
					shownRows++
				} else {
					whole = false
				}
			}
		}
		switch {
		case len(about) == 0:
			if !whole {
				return fmt.Errorf("%q is not whole, and only %q is said to be left out:\n%s", s.title, left, got)
			}
		case about[0] == s.title:
			if there {
				return fmt.Errorf("%q is said to be left out:\n%s", s.title, got)
			}
		default:
			m := amount.FindStringSubmatch(about[0][len(s.title):])
			if whole || m != nil && (m[1]+m[4] != fmt.Sprint(rows-shownRows) || m[2]+m[3] != fmt.Sprint(rows)) {
				return fmt.Errorf("%q: %d of %d rows are shown:\n%s", about[0], shownRows, rows, got)
			}
		}
		if len(about) == 0 {
			continue
		}
		others++
		if !short && !strings.Contains(named, strings.ReplaceAll("-"+about[0], " ", "")) {
			return fmt.Errorf("%q is not in the text's own list:\n%s", about[0], list)
		}
	}
	if short && listed && others > 1 && !strings.Contains(list, fmt.Sprint(others-1)) {
		return fmt.Errorf("%d other sections:\n%s", others-1, list)
	}
	if len(left) != others {
		return fmt.Errorf("%q, but %d sections lack something", left, others)
	}
	return nil
}

// A small text is still of use: it names the matter and who asks.
func TestTextSmall(t *testing.T) {
	for _, lang := range []string{"ja", "en"} {
		r := mustBuild(t, fullIncident().Input, Options{Lang: lang})
		for n, wants := range map[int][]string{200: {"夜間にBTC"}, 400: {"夜間にBTC", "0123456789", "O0l1-user"}, 2000: {btcTxID, solTxID, "INQ-000123"}} {
			var s strings.Builder
			if _, err := r.WriteText(&s, TextOptions{MaxChars: n}); err != nil {
				t.Fatal(err)
			}
			wantAll(t, s.String(), wants...)
		}
		_, err := r.WriteText(failing{errors.New("not written")}, TextOptions{MaxChars: 20})
		if err == nil || !regexp.MustCompile(`^writing report as text: the shortest text takes \d+ characters, more than 20$`).MatchString(err.Error()) {
			t.Errorf("error %v", err)
		}
	}
}

// The most important is spared longest; its place on the page stays.
func TestTextImportance(t *testing.T) {
	r := mustBuild(t, longIncident().Input, Options{Lang: "en"})
	var s strings.Builder
	left, err := r.WriteText(&s, TextOptions{MaxChars: 8000})
	if err != nil {
		t.Fatal(err)
	}
	ids := func(want string) int {
		return strings.Index(s.String(), want)
	}
	if a, b := ids("Transfer 1 ("), ids("Subject:"); a < b || b < 0 {
		t.Errorf("order on the page:\n%s", s.String())
	}
	for _, l := range left {
		if strings.Contains(l, "Incident report") {
			t.Errorf("the form is cut: %q", left)
		}
	}
	if len(left) == 0 || !strings.Contains(left[len(left)-1], "About this document") {
		t.Errorf("left out: %q", left)
	}
	for i, id := range importance {
		if slices.Index(importance, id) != i {
			t.Errorf("%q twice", id)
		}
	}
}

func TestTextWhole(t *testing.T) {
	odd := "😀 𠮷 﨑 神󠄀 עברית العربية हिन्दी ไทย \U0001F1EF\U0001F1F5"
	m := newMade()
	m.add("note", record.Fields{"text": word(odd + " rtl\u202e nul\x00")})
	m.add("note", record.Fields{"text": word("送り先は" + solTxID + "で、https://example.com/a/b?" + strings.Repeat("q=1&", 30) + "を見た")})
	for _, o := range forms() {
		if !gets(o, "note") {
			continue
		}
		s := textOf(t, m.Input, o)
		wantAll(t, s, odd, "rtl〔U+202E〕 nul〔U+0000〕", solTxID, "https://example.com/a/b?"+strings.Repeat("q=1&", 30))
	}
}

// Control: a line too few, a section too many and a wrong count are noticed.
func TestCheckLeft(t *testing.T) {
	r := mustBuild(t, fullIncident().Input, Options{Lang: "en"})
	var b strings.Builder
	left, err := r.WriteText(&b, TextOptions{MaxChars: 3000})
	if err != nil || len(left) < 5 {
		t.Fatal(left, err)
	}
	doc, good := r.text(), b.String()
	if err := checkLeft(doc, good, left); err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string]string{
		"a row less":     strings.Replace(good, "Account number: 0123456789\n", "", 1),
		"a section more": strings.Replace(good, "\nLeft out", "\n18. About this document\n\nLeft out", 1),
		"no list":        good[:strings.Index(good, "\nLeft out")],
	} {
		if bad == good || checkLeft(doc, bad, left) == nil {
			t.Errorf("%s is not noticed", what)
		}
	}
	if checkLeft(doc, good, left[1:]) == nil {
		t.Error("an entry less is not noticed")
	}
}
