package typeset

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// The classes of JIS X 4051 with characters that may not begin a line (closing
// brackets, hyphens, question marks, middle dots, full stops, commas, marks of
// repetition, the long vowel and small kana), and
// those that may not end one (opening brackets, signs of currency).
const (
	neverFirst = "’”）〕］｝〉》」』】〗〙〟｠»" + "‐〜～゠–" + "！？‼⁇⁈⁉" + "・：；" + "。．" + "、，" + "ヽヾゝゞ々〻" + "ー" +
		"ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ" + ")]},.:;?!" + "｡｣､･ｧｨｩｪｫｬｭｮｯｰﾞﾟ゛゜…‥"
	neverLast = "‘“（〔［｛〈《「『【〖〘〝｟«" + "￥＄￡" + "([{" + "｢"

	afterNumber  = "％‰°′″℃￠¢%" // not divided from the digits before
	beforeNumber = "￥＄￡¥$£"    // nor from those behind
	inPairs      = "…‥—―"      // two of them are one sign
)

// badEnds counts the lines of a text in a column of any width that begin or end
// with a character that may not.
func badEnds(text string, least float64) (n int, where string) {
	for w := least; w < least+60; w += 1.7 {
		lines := linesOf(text, w, false)
		for i, l := range lines {
			first, _ := utf8.DecodeRuneInString(l)
			last, _ := utf8.DecodeLastRuneInString(l)
			if i > 0 && strings.ContainsRune(neverFirst, first) || i < len(lines)-1 && strings.ContainsRune(neverLast, last) {
				n++
				where = strings.Join(lines, "|")
			}
		}
	}
	return n, where
}

func TestKinsoku(t *testing.T) {
	tried := 0
	for _, word := range []string{"証拠資料", "ひらがな", "abcdefghijklmno", "0123456789"} {
		for _, c := range neverFirst {
			if !drawable(c) {
				continue
			}
			tried++
			for _, s := range []string{word + string(c) + word, word + "」" + string(c) + word, word + word + string(c) + string(c) + "」"} {
				if n, where := badEnds(s, 45); n > 0 {
					t.Errorf("%c %U begins a line: %s", c, c, where)
					break
				}
			}
		}
		for _, c := range neverLast {
			if !drawable(c) {
				continue
			}
			tried++
			for _, s := range []string{word + string(c) + word, word + string(c) + "「" + word} {
				if n, where := badEnds(s, 45); n > 0 {
					t.Errorf("%c %U ends a line: %s", c, c, where)
					break
				}
			}
		}
	}
	for _, c := range afterNumber + beforeNumber + inPairs {
		tried++
		whole := string(c) + string(c)
		switch {
		case strings.ContainsRune(afterNumber, c):
			whole = "12" + string(c)
		case strings.ContainsRune(beforeNumber, c):
			whole = string(c) + "12"
		}
		for w := 45.0; w < 105; w += 1.7 {
			for _, s := range []string{"証拠資料" + whole + "証拠資料", "資料、" + whole + "。資料"} {
				if lines := linesOf(s, w, false); !strings.Contains(strings.Join(lines, "|"), whole) {
					t.Errorf("%s is divided: %q", whole, lines)
				}
			}
		}
	}
	if tried < 400 {
		t.Errorf("only %d cases tried", tried)
	}
	// Control: any of these characters between other ones is found.
	if n, _ := badEnds("証拠\n。資料（\n証", 45); n == 0 {
		t.Error("a full stop at the start of a line is not noticed")
	}
}
