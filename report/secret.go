package report

import (
	"regexp"
	"slices"
	"strings"
)

// Secrets are never printed (recipients.md, rule 11: real support never asks
// for them). A label with a value behind it is enough to take the value away;
// words such as "password: changed" are masked too, which loses less than a
// password would.
var (
	// A label of a phrase takes the rest of its line, and the lines behind it that
	// go on with such words; one of a word the word.
	// Blanks, quotes and the mark between label and value are part of it.
	labelledSecret = regexp.MustCompile(`(?i)(?:` +
		`(seed(?:[ _-]?(?:phrase|words?))?|recovery[ _-]?(?:phrase|words?|key)|mnemonic(?:[ _-]?(?:phrase|words?))?|pass[ _-]?phrase|` +
		`シードフレーズ|シード|リカバリーフレーズ|復元フレーズ|ニーモニック|パスフレーズ|合言葉)|` +
		`(?:pass ?word|passwd|\bpwd|\bpass|パスワード|(?:\b|_)pin(?:[ _-]?(?:code|number))?|暗証番号|` +
		`\b2fa(?:[ _-]?(?:code|secret|key))?|(?:\b|_)[th]?otp|one[- ]time (?:code|password)|(?:authentication|verification|backup) codes?|` +
		`認証コード|確認コード|バックアップコード|ワンタイムパスワード|二段階認証コード|` +
		`(?:api|secret|client|access|private|signing|auth|session|refresh)[ _-]?(?:secret|key|token)|(?:\b|_)secret|\bbearer|\bsms[ _-]?codes?|` +
		`シークレット(?:キー)?|(?:api|アクセス)キー|秘密鍵)s?)` +
		`(\\?["'”’」』\]])?\s*(?:[:：=＝]>?|(は|\b(?:is|was)\s))\s*(\\?["'“‘「『])?`)
	secretWord = regexp.MustCompile(`^[!-~０-９Ａ-Ｚａ-ｚ]+`)
	jsonWord   = regexp.MustCompile(`^[^\s,}\]]+`)

	// phraseLine is a line of nothing but words of a seed phrase, perhaps with
	// their numbers. Those of BIP-39 have 3 to 8 letters.
	phraseLine = regexp.MustCompile(`^[ 　\t"']*(?:(?:[0-9]{1,2}[.):]?[ \t]*)?[\p{Latin}\p{Hiragana}]{3,8}(?:[ 　\t,;"']+|\r?$))+$`)
	phraseWord = regexp.MustCompile(`\pL+`)

	// htmlTags stand between a label and its value in the source of a mail.
	htmlTags = regexp.MustCompile(`^(?:<[^<>]*>(?:\s|&nbsp;)*)+`)

	// japaneseSentence is what a phrase in Japanese words is not.
	japaneseSentence = regexp.MustCompile(`(?:ない|なかった|ません|でした|ました|した|です|ます|いる|いた|ある|れる|れた)(?:[。．.、]|\s*$)|。`)
	asciiWords       = regexp.MustCompile(`^[ -~]*[!-~]`)

	// harmlessWord is what follows a label in a sentence or a status.
	harmlessWord = regexp.MustCompile(`(?i)^(?:on|off|yes|no|true|false|null|none|enabled|disabled)[,.;)}\]]*(?:\s*$|\s*\n|[^ -~])`)
	sentence     = regexp.MustCompile(`(?i)^(?:not|no longer|wrong|incorrect|invalid|expired|changed|reset|required|unknown|rejected|refused|accepted|correct|right|safe|being|never|always|still|now|also)\b`)

	secretBlock = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)`)
	bareKey     = regexp.MustCompile(`\b[xyz]prv[1-9A-HJ-NP-Za-km-z]{100,}|(?i:\bAGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{20,})|(?i:\bbearer\s)\s*[A-Za-z0-9._~+/-]{16,}=*`)
)

var closing = map[string]string{`"`: `"`, `'`: `'`, `\"`: `\"`, `\'`: `\'`, "“": "”", "‘": "’", "「": "」", "『": "』"}

// maskSecrets replaces what is labelled as a secret, and reports whether it
// did.
func maskSecrets(s, mask string) (string, bool) {
	masked := false
	for _, re := range []*regexp.Regexp{secretBlock, bareKey} {
		if re.MatchString(s) {
			masked = true
			s = re.ReplaceAllLiteralString(s, mask)
		}
	}
	// The expression is slow, and without one of these no label has a value
	// behind it: the letters stand for "is" and "was".
	if !strings.ContainsAny(s, ":：=＝はsSſ") {
		return s, masked
	}
	var out strings.Builder
	for {
		m := labelledSecret.FindStringSubmatchIndex(s)
		if m == nil {
			out.WriteString(s)
			return out.String(), masked
		}
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return s[m[2*i]:m[2*i+1]]
		}
		out.WriteString(s[:m[1]])
		phrase, labelQuote, verb, quote := part(1) != "", part(2), part(3), part(4)
		s = s[m[1]:]
		if n := secretEnd(s, phrase, labelQuote, verb, quote); n > 0 {
			if phrase {
				n += moreWords(s, n)
			}
			masked = true
			out.WriteString(mask)
			s = s[n:]
		}
	}
}

// moreWords returns how many bytes of a phrase go on behind the line that ends
// at s[n:]: of lines with nothing but its words, up to the longest that there is.
func moreWords(s string, n int) (more int) {
	first, _, _ := strings.Cut(s, "\n")
	if len(strings.TrimSpace(first[n:])) > 0 || !phraseLine.MatchString(first) {
		return 0
	}
	words := len(phraseWord.FindAllString(first, -1))
	at := len(first)
	for at < len(s) {
		line, _, _ := strings.Cut(s[at+1:], "\n")
		words += len(phraseWord.FindAllString(line, -1))
		if !phraseLine.MatchString(line) || words > 24 {
			break
		}
		at += 1 + len(line)
		more = at - n
	}
	return more
}

// secretEnd returns the length of the secret that s begins with, 0 if there is
// none. quote is what opened it.
func secretEnd(s string, phrase bool, labelQuote, verb, quote string) int {
	if tags := htmlTags.FindString(s); tags != "" && quote == "" {
		n := secretEnd(s[len(tags):], phrase, labelQuote, verb, "")
		if n == 0 && verb != "" && len(tags) < len(s) {
			return 0 // a sentence
		}
		return len(tags) + n
	}
	line, _, _ := strings.Cut(s, "\n")
	if quote != "" {
		if i := strings.Index(line, closing[quote]); i >= 0 {
			// A quote within a JSON string has a backslash before it.
			for quote == `"` && i > 0 && line[i-1] == '\\' {
				j := strings.Index(line[i+1:], `"`)
				if j < 0 {
					return len(line)
				}
				i += 1 + j
			}
			return i
		}
		return len(line)
	}
	if harmlessWord.MatchString(line) || verb != "" && sentence.MatchString(line) {
		return 0
	}
	if phrase && verb == "は" {
		if n := len(asciiWords.FindString(line)); n > 0 || japaneseSentence.MatchString(line) {
			return n
		}
	}
	if phrase {
		return len(strings.TrimRight(line, " "))
	}
	if strings.HasSuffix(labelQuote, `"`) { // a number in JSON
		return len(jsonWord.FindString(line))
	}
	n := len(secretWord.FindString(line))
	if n > 0 && n < 4 && verb == "" {
		return len(strings.TrimRight(line, " ")) // a part of it, surely
	}
	return n
}

// LooksSecret tells whether a text holds what a report would black out, or is a
// recovery phrase by itself: 12, 15, 18, 21 or 24 short words and nothing else.
func LooksSecret(s string) bool {
	if _, masked := maskSecrets(s, ""); masked {
		return true
	}
	words := strings.Fields(strings.ToLower(s))
	return len(words) >= 12 && len(words) <= 24 && len(words)%3 == 0 && !slices.ContainsFunc(words, func(w string) bool {
		return len(w) < 3 || len(w) > 8 || strings.ContainsFunc(w, func(r rune) bool { return r < 'a' || r > 'z' })
	})
}
