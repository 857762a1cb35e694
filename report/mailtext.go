package report

import (
	"mime"
	"strings"

	"evidence-locker/locker/claims/eml"
)

// A mailText is the text of a mail as its reader saw it.
type mailText struct {
	text  string
	media string // "text/plain", or "text/html", whose source it then is
}

// mailBody decodes the text of a mail whose source cannot be read as it stands:
// one in base64, quoted-printable or a character set of its own. Plain text is
// preferred to HTML. It reports false if there is none, if the source says the
// same, or if it cannot be decoded to its end.
func mailBody(raw []byte) (mailText, bool) {
	var plain, html mailText
	eml.Walk(string(raw), func(p eml.Part) bool {
		disposition, _, _ := mime.ParseMediaType(p.Header.First("Content-Disposition"))
		if plain.text != "" || !p.Whole || disposition == "attachment" { // what has no end is not a part
			return false
		}
		into := &plain
		switch p.Media {
		case "text/html":
			into = &html
		case "", "text/plain": // the default of RFC 2045
		default:
			return true
		}
		if into.text == "" {
			if text, err := p.Text(); err == nil && strings.TrimSpace(text) != "" {
				*into = mailText{text, p.Media}
			}
		}
		return true
	})
	found := plain
	if found.text == "" {
		found = html
	} else {
		found.media = "text/plain"
	}
	if found.text == "" || strings.Contains(strings.ReplaceAll(string(raw), "\r\n", "\n"), strings.TrimSpace(found.text)) {
		return mailText{}, false
	}
	return found, true
}

// mailHeader decodes a header of a mail, "" if there is none or nothing to
// decode.
func mailHeader(source, want string) (decoded string) {
	eml.Walk(source, func(p eml.Part) bool {
		value := p.Header.First(want)
		if s := eml.Decode(value); s != value {
			decoded = s
		}
		return false
	})
	return decoded
}
