package report

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
)

// The text of a mail is decoded where its source cannot be read, and only there.
func TestMailBody(t *testing.T) {
	body := base64.StdEncoding.EncodeToString([]byte("お客様各位\r\n確認をお願いします。\r\n"))
	jis := encode(t, japanese.ISO2022JP, "出金しました。\n")
	multi := func(parts ...string) string {
		return "Subject: a\nContent-Type: multipart/mixed; boundary=\"x y\"\n\npreamble\n--x y\n" + strings.Join(parts, "\n--x y\n") + "\n--x y--\nepilogue\n"
	}
	html := "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>=E5=87=BA=E9=87=91</p>"
	text := "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + body
	const decoded = "お客様各位\n確認をお願いします。\n"
	for name, c := range map[string]struct{ source, want, media string }{
		"base64":        {"Subject: a\n" + text, decoded, "text/plain"},
		"CRLF":          {strings.ReplaceAll("Subject: a\n"+text, "\n", "\r\n"), decoded, "text/plain"},
		"ISO-2022-JP":   {"Content-Type: text/plain; charset=ISO-2022-JP\n\n" + string(jis), "出金しました。\n", "text/plain"},
		"plain first":   {multi(html, text), decoded, "text/plain"},
		"HTML alone":    {multi(html), "<p>出金</p>", "text/html"},
		"nested":        {multi(strings.ReplaceAll(multi(html, text), "x y", "in")), decoded, "text/plain"},
		"readable":      {"Subject: a\n\nhello\n", "", ""},
		"attachment":    {multi("Content-Disposition: attachment; filename=a.txt\n" + text), "", ""},
		"no end":        {"Content-Type: multipart/mixed; boundary=z\n\n--z\n" + text, "", ""},
		"no boundary":   {"Content-Type: multipart/mixed\n\n" + text, "", ""},
		"bad base64":    {"Content-Transfer-Encoding: base64\n\n!!!!\n", "", ""},
		"bad charset":   {"Content-Type: text/plain; charset=made-up\nContent-Transfer-Encoding: base64\n\n" + body, "", ""},
		"false charset": {"Content-Type: text/plain; charset=utf-8\n\n\x8fo\x8b\xe0", "", ""},
		"nothing":       {"", "", ""},
		"headers alone": {"Content-Type: text/plain", "", ""},
	} {
		got, ok := mailBody([]byte(c.source))
		if got.text != c.want || got.media != c.media || ok != (c.want != "") {
			t.Errorf("%s: %q, %q, %v, want %q, %q", name, got.text, got.media, ok, c.want, c.media)
		}
	}
	for n, want := range map[int]bool{8: true, 9: false} {
		deep := text
		for i := range n {
			deep = strings.ReplaceAll(multi(deep), "x y", fmt.Sprintf("in%02d", i))
		}
		if _, ok := mailBody([]byte(deep)); ok != want {
			t.Errorf("a text %d parts deep: %v", n, ok)
		}
	}
}
