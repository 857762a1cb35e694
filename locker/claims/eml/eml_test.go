package eml

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// tree writes a mail as its parts: how deep each is, "-" where it has no end,
// its type and its text.
func tree(source string) (string, End) {
	var out strings.Builder
	end := Walk(source, func(p Part) bool {
		text, err := p.Text()
		if strings.HasPrefix(p.Media, "multipart/") || err != nil {
			text = "?"
		}
		mark := ""
		if !p.Whole {
			mark = "-"
		}
		fmt.Fprintf(&out, "%d%s %s %q\n", p.Depth, mark, p.Media, text)
		return p.Header.First("X-Closed") == ""
	})
	return out.String(), end
}

func TestWalk(t *testing.T) {
	for name, c := range map[string]struct {
		source, want string
		end          End
	}{
		"no parts":         {"Content-Type: text/plain\n\nhello\n", "0 text/plain \"hello\\n\"\n", Closed},
		"CRLF and a mark":  {"\ufeffContent-Type: text/plain\r\n\r\nhello\r\n", "0 text/plain \"hello\\n\"\n", Closed},
		"a header alone":   {"Content-Type: text/plain", "0 text/plain \"\"\n", Stopped},
		"nothing":          {"", "0  \"\"\n", Stopped},
		"a type in pieces": {"content-TYPE: TEXT/Plain;\n\tcharset=\n \"utf-8\"\n\nx", "0 text/plain \"x\"\n", Closed},
		"parts":            {"Content-Type: multipart/mixed; boundary=\"a b\"\n\nbefore\n--a b\n\none\n--a b  \nContent-Type: text/html\n\ntwo\n\n--a b--\nafter\n--a b\n", "0 multipart/mixed \"?\"\n1  \"one\"\n1 text/html \"two\\n\"\n", Closed},
		"empty parts":      {"Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b--", "0 multipart/mixed \"?\"\n1  \"\"\n1  \"\"\n", Closed},
		"within each other": {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--c--\n--b\n\ntwo\n--b--",
			"0 multipart/mixed \"?\"\n1 multipart/alternative \"?\"\n2  \"one\"\n1  \"two\"\n", Closed},
		"the inner without an end": {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--",
			"0 multipart/mixed \"?\"\n1 multipart/alternative \"?\"\n2-  \"one\"\n1  \"two\"\n", Stopped},
		"no end":            {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo", "0 multipart/mixed \"?\"\n1  \"one\"\n1-  \"two\"\n", Stopped},
		"no boundary":       {"Content-Type: multipart/mixed\n\n--b\n\none\n--b--", "0 multipart/mixed \"?\"\n", Closed},
		"not looked into":   {"X-Closed: 1\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--", "0 multipart/mixed \"?\"\n", Closed},
		"longer boundaries": {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--bc\n --b\n--b--x\n--b--", "0 multipart/mixed \"?\"\n1  \"--bc\\n --b\\n--b--x\"\n", Closed},
		"base64":            {"Content-Transfer-Encoding: BASE64\n\n5Ye6\n6YeR\n", "0  \"出金\"\n", Closed},
		"not base64":        {"Content-Transfer-Encoding: base64\n\n!!!!\n", "0  \"?\"\n", Closed},
		"Shift_JIS":         {"Content-Type: text/plain; charset=cp932\nContent-Transfer-Encoding: quoted-printable\n\n=8Fo=8B=E0", "0 text/plain \"出金\"\n", Closed},
		"not UTF-8":         {"\n\x8fo", "0  \"?\"\n", Closed},
		"an unknown set":    {"Content-Type: text/plain; charset=made-up\n\nx", "0 text/plain \"?\"\n", Closed},
	} {
		if got, end := tree(c.source); got != c.want || end != c.end {
			t.Errorf("%s: %d\n%swant %d\n%s", name, end, got, c.end, c.want)
		}
	}
}

func TestHeader(t *testing.T) {
	var h Header
	Walk("From: a\nno field\nhello there: x\n: y\nTo : b\nfrom:\n\tc\n \n d\nReceived: e\n\nFrom: f\n", func(p Part) bool {
		h = p.Header
		return true
	})
	if got := fmt.Sprintf("%q", h); got != `[{"From" "a"} {"To" "b"} {"from" "c d"} {"Received" "e"}]` {
		t.Error(got)
	}
	if all := h.All("FROM"); len(all) != 2 || h.First("FROM") != "a" || h.First("none") != "" {
		t.Errorf("%q", all)
	}
}

func TestDecode(t *testing.T) {
	for value, want := range map[string]string{
		"=?cp932?B?j2+L4A==?=": "出金", "=?UTF-8?B?5Ye6?= =?UTF-8?B?6YeR?=": "出金", "plain": "plain", "=?made-up?B?5Ye6?=": "=?made-up?B?5Ye6?=", "=?cp?Q?a?=": "=?cp?Q?a?=",
	} {
		if got := Decode(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

// What is looked at is bounded, and the rest is not taken for nothing.
func TestBounds(t *testing.T) {
	multi := func(b, body string) string {
		return "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n" + body + "\n--" + b + "--\n"
	}
	deep := func(n int) string {
		s := "\nx"
		for i := range n {
			s = multi(fmt.Sprint("b", i, "."), s)
		}
		return s
	}
	many := func(n int) string { return multi("b", strings.Repeat("\nx\n--b\n", n-1)+"\nx") }
	fields := func(n int) string { return strings.Repeat("A: b\n", n) + "\nx" }
	for name, c := range map[string]struct {
		source string
		end    End
		parts  int
	}{
		"deep":        {deep(maxDepth), Closed, maxDepth + 1},
		"too deep":    {deep(maxDepth + 1), Limited, maxDepth + 1},
		"parts":       {many(maxParts), Closed, maxParts + 1},
		"many parts":  {many(maxParts + 1), Limited, maxParts + 1},
		"fields":      {fields(maxFields - 1), Closed, 1},
		"many fields": {fields(maxFields + 1), Limited, 1},
	} {
		n := 0
		if end := Walk(c.source, func(Part) bool { n++; return true }); end != c.end || n != c.parts {
			t.Errorf("%s: %d, %d parts", name, end, n)
		}
	}
	for name, s := range map[string]string{
		"blanks": "A: b\n" + strings.Repeat(" x\n", 400_000), "boundaries": multi(strings.Repeat("-", 200_000), strings.Repeat("-", 800_000)),
		"near boundaries": multi("b", strings.Repeat("--b-\n", 200_000)), "fields": strings.Repeat("A:\n", 300_000),
	} {
		start := time.Now()
		Walk(s, func(Part) bool { return true })
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
}

func FuzzWalk(f *testing.F) {
	f.Add("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Transfer-Encoding: base64\n\n5Ye6\n--c--\n--b\n\ntwo\n--b--")
	f.Add("Subject: =?UTF-8?B?5Ye6?=\n =?cp932?Q?=8Fo?=\nContent-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: quoted-printable\n\n=1B$B=3DP=1B(B")
	f.Fuzz(func(t *testing.T, source string) {
		parts := 0
		Walk(source, func(p Part) bool {
			if parts++; parts > maxParts+1 || p.Depth > maxDepth || len(p.Header) > maxFields || len(p.body) > len(source) {
				t.Fatalf("%d parts, depth %d, %d fields", parts, p.Depth, len(p.Header))
			}
			for _, f := range p.Header {
				if f.Name == "" || strings.ContainsAny(f.Name, " \t\n:") || strings.Contains(f.Value, "\n") || f.Value != strings.TrimSpace(f.Value) {
					t.Fatalf("field %q", f)
				}
				Decode(f.Value)
			}
			if text, err := p.Text(); err == nil && (!utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError)) {
				t.Fatalf("text %q", text)
			}
			return true
		})
	})
}

// What the standard library writes comes out again.
func FuzzParts(f *testing.F) {
	f.Add("one", "two\n", "--b")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for _, s := range []string{a, b, c} {
			part, err := w.CreatePart(map[string][]string{"X-A": {"b"}})
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(part, s)
		}
		w.Close()
		var got []string
		end := Walk("Content-Type: multipart/mixed; boundary="+w.Boundary()+"\r\n\r\n"+body.String(), func(p Part) bool {
			if p.Depth == 1 {
				got = append(got, p.body)
			}
			return true
		})
		want := []string{strings.ReplaceAll(a, "\r\n", "\n"), strings.ReplaceAll(b, "\r\n", "\n"), strings.ReplaceAll(c, "\r\n", "\n")}
		for i := range want { // a line feed of the boundary's own line end may follow a return
			if end != Closed || len(got) != 3 || got[i] != want[i] && got[i] != strings.TrimSuffix(want[i], "\r") {
				t.Fatalf("%d: %q, want %q", end, got, want)
			}
		}
	})
}
