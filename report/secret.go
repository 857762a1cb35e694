package report

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes any bytes printable without hiding anything: what cannot be seen,
// or would change how its neighbours are seen, is shown by its number. Line
// ends become "\n" and tabs become blanks.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, "〔0x%02X〕", s[i])
		case r == '\t':
			b.WriteByte(' ')
		case hidden(r):
			fmt.Fprintf(&b, "〔U+%04X〕", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden reports control characters, the invisible and direction-changing
// ones, and what no text may hold. Joiners between letters are left alone.
func hidden(r rune) bool {
	if r == '\n' {
		return false
	}
	if r == '\u200c' || r == '\u200d' {
		return false
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || r&0xfffe == 0xfffe
}

// Secrets are never printed (recipients.md, rule 11: real support never asks
// for them). A label with a value behind it is enough to take the value away;
// words such as "password: changed" are masked too, which loses less than a
// password would.
var (
	labelledSecret = regexp.MustCompile(`(?i)((?:pass ?word|passwd|passphrase|pin code|パスワード|暗証番号|` +
		`2fa(?: code)?|otp|one[- ]time (?:code|password)|認証コード|ワンタイムパスワード|二段階認証コード|` +
		`api[ _-]?(?:secret|key)|secret[ _-]?key|シークレット(?:キー)?|apiキー|秘密鍵|private[ _-]?key)` +
		`\s*(?:[:：=＝]|は)\s*)([!-~]{4,})`)
	seedPhrase = regexp.MustCompile(`(?i)((?:seed(?: phrase| words)?|recovery (?:phrase|words)|mnemonic|` +
		`シードフレーズ|リカバリーフレーズ|復元フレーズ|ニーモニック)\s*(?:[:：=＝]|は)\s*)([^\n]{8,})`)
	extendedKey = regexp.MustCompile(`()\b([xyz]prv[1-9A-HJ-NP-Za-km-z]{100,})`)
)

// maskSecrets replaces what is labelled as a secret, and reports whether it
// did.
func maskSecrets(s, mask string) (string, bool) {
	masked := false
	for _, re := range []*regexp.Regexp{seedPhrase, labelledSecret, extendedKey} {
		s = re.ReplaceAllStringFunc(s, func(hit string) string {
			masked = true
			return re.ReplaceAllString(hit, "${1}") + mask
		})
	}
	return s, masked
}
