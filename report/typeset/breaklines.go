package typeset

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// monoScale makes Go Mono look as large as the text around it.
const monoScale = 0.88

// frag is a piece of a line in one font.
type frag struct {
	text  string
	face  faceID
	size  float64 // points
	w     float64 // width in points
	muted bool
	link  string
	token int // pieces of one identifier share a number other than 0
}

// line is one line of text.
type line struct {
	frags []frag
	w     float64
	size  float64 // of the text around identifiers, points
}

// glyph is a character with all that is needed to place it.
type glyph struct {
	r      rune
	face   faceID
	span   int
	adv    float64
	shrunk float64 // factor for size and adv, 0 for none
	token  int
}

// breaker breaks spans into lines.
type breaker struct {
	family Face
	size   float64 // points
	bold   bool    // all spans
	fixed  bool    // all spans are monospaced
	tokens *int    // the last token number given out

	spans  []Span
	glyphs []glyph // of the paragraph at hand
	lines  []line
}

// breakLines breaks spans into lines no wider than width points. Lines end
// where UAX #14 allows it, which includes the Japanese rules about characters
// that may not begin or end a line. A piece without such a place that is longer
// than a line is cut between two grapheme clusters.
func (b breaker) breakLines(spans []Span, width float64) []line {
	b.spans = spans
	var text, shadow strings.Builder
	endParagraph := func() {
		b.paragraph(text.String(), shadow.String(), width)
		text.Reset()
		shadow.Reset()
		b.glyphs = nil
	}
	for i, s := range spans {
		for j, part := range strings.Split(clean(s.Text), "\n") {
			if j > 0 {
				endParagraph()
			}
			text.WriteString(part)
			for _, r := range part {
				b.add(r, i, &shadow)
			}
		}
	}
	endParagraph()
	return b.lines
}

// add appends a character of span i, and to shadow the character by which the
// line breaks are found; it has the same length in bytes.
func (b *breaker) add(r rune, i int, shadow *strings.Builder) {
	s := b.spans[i]
	isMono := s.Mono || b.fixed
	face, adv, ok := pickFace(b.family, s.Bold || b.bold, isMono, r)
	if !ok {
		panic("typeset: undrawable character passed the text border")
	}
	g := glyph{r: r, face: face, span: i}
	g.adv = float64(adv) / 1000 * b.sizeOf(g)
	b.glyphs = append(b.glyphs, g)
	switch {
	case r == '～':
		// Unlike its twin U+301C, U+FF5E counts as an ideograph and would be
		// allowed to begin a line.
		r = '〜'
	case r == '￥', r == '＄', r == '￡':
		// A line may end between a comma and a price.
		r = '（'
	case isMono && r > ' ' && r < 0x7f:
		// An identifier is not divided at its slashes and hyphens.
		r = 'x'
	}
	shadow.WriteRune(r)
}

func (b *breaker) sizeOf(g glyph) float64 {
	if g.shrunk != 0 {
		return b.size * monoScale * g.shrunk
	}
	if b.spans[g.span].Mono || b.fixed || g.face == mono || g.face == monoBold {
		return b.size * monoScale
	}
	return b.size
}

// paragraph breaks b.glyphs, which are the characters of text. Where only a
// syllable or two would be left for the last line, the lines above are made a
// little shorter.
func (b *breaker) paragraph(text, shadow string, width float64) {
	above := len(b.lines)
	b.fill(text, shadow, width)
	lines := b.lines[above:]
	isShort := func(lines []line) bool { return lines[len(lines)-1].w < 2.5*b.size }
	isMono := func(g glyph) bool { return b.fixed || b.spans[g.span].Mono }
	if len(lines) < 2 || width < 12*b.size || !isShort(lines) || slices.ContainsFunc(b.glyphs, isMono) {
		return
	}
	for less := 0.5; less <= 3; less += 0.5 {
		b.lines = slices.Clip(b.lines[:above])
		b.fill(text, shadow, width-less*b.size)
		if other := b.lines[above:]; len(other) == len(lines) && !isShort(other) {
			return
		}
	}
	b.lines = append(b.lines[:above], lines...)
}

// fill makes lines no wider than width of b.glyphs, which are the characters of
// text.
func (b *breaker) fill(text, shadow string, width float64) {
	const slack = 0.01 // points; sums of widths are not exact
	start, i, x := 0, 0, 0.0
	state := -1
	for shadow != "" {
		var seg string
		seg, shadow, _, state = uniseg.FirstLineSegmentInString(shadow, state)
		for shadow != "" && joins(seg, shadow) {
			next, rest, _, after := uniseg.FirstLineSegmentInString(shadow, state)
			n := utf8.RuneCountInString(seg + next)
			if b.width(i, b.trim(i, i+n)) > width+slack {
				break
			}
			seg, shadow, state = seg+next, rest, after
		}
		n := utf8.RuneCountInString(seg)
		w := b.width(i, i+n)
		visible := b.width(i, b.trim(i, i+n))
		if visible > width+slack && b.shrink(i, i+n, width/visible) {
			w, visible = b.width(i, i+n), width
		}
		long := visible > width+slack
		// A piece that has to be cut anyway begins on the present line if
		// that has room to speak of.
		if x > 0 && x+visible > width+slack && (!long || x > width/2) {
			b.endLine(start, i)
			start, x = i, 0
		}
		if long {
			start, x = b.cut(text[:len(seg)], start, i, x, width+slack)
		} else {
			x += w
		}
		i += n
		text = text[len(seg):]
	}
	b.endLine(start, i)
}

// maxWord is the number of characters up to which a katakana word is kept whole.
const maxWord = 12

// joins tells whether the two pieces are one word, although a line might be
// broken between them: katakana, a number with its unit, and a moment.
func joins(before, after string) bool {
	if strings.HasSuffix(before, " ") {
		return inMoment(before, after)
	}
	if utf8.RuneCountInString(before) >= maxWord {
		return false
	}
	const units = "年月日時分秒円件回個枚人名本歳号万億"
	a, _ := utf8.DecodeLastRuneInString(before)
	z, _ := utf8.DecodeRuneInString(after)
	katakana := func(r rune) bool { return 'ァ' <= r && r <= 'ヺ' || r == 'ー' }
	digit := '0' <= a && a <= '9' || '０' <= a && a <= '９'
	return katakana(a) && katakana(z) || digit && strings.ContainsRune(units, z)
}

var (
	dateEnd  = regexp.MustCompile(`\d{4}-\d\d-\d\d $`)
	clockEnd = regexp.MustCompile(`\d\d:\d\d(:\d\d(\.\d+)?)? $`)
	clock    = regexp.MustCompile(`^\d\d:\d\d`)
	zone     = regexp.MustCompile(`^([+-]\d\d:\d\d|UTC)`)
)

// inMoment tells whether the blank between the two pieces is one within a date,
// its time and its zone: 2024-01-15 14:03:00 +09:00.
func inMoment(before, after string) bool {
	before = before[max(0, len(before)-32):]
	return clock.MatchString(after) && dateEnd.MatchString(before) || zone.MatchString(after) && clockEnd.MatchString(before)
}

// cut fills lines with the grapheme clusters of seg, which begins at glyph i.
// It returns where the last, unfinished line starts and how wide it is.
func (b *breaker) cut(seg string, start, i int, x, width float64) (int, float64) {
	b.markToken(i, i+utf8.RuneCountInString(seg))
	first := i
	bounds := []int{} // of the clusters of seg on the present line
	for seg != "" {
		cluster, rest, _, _ := uniseg.FirstGraphemeClusterInString(seg, -1)
		n := utf8.RuneCountInString(cluster)
		w := b.width(i, i+n)
		if x+w > width && i > start && strings.TrimSpace(cluster) != "" {
			end := i
			last := strings.TrimSpace(rest) == "" && i > first
			for k := len(bounds) - 1; k > 0 && k > len(bounds)-4; k-- {
				// A lone last character takes company along, and the rules
				// about the ends of lines are kept where they can be.
				if !(last && end == i) && !b.badEnd(end) {
					break
				}
				end = bounds[k]
			}
			if b.badEnd(end) {
				end = i
			}
			b.endLine(start, end)
			start, x = end, b.width(end, i)
			bounds = bounds[:0]
		}
		bounds = append(bounds, i)
		x += w
		i += n
		seg = rest
	}
	return start, x
}

// badEnd tells whether a line should not end before glyph i.
func (b *breaker) badEnd(i int) bool {
	const notFirst = "’”）〕］｝〉》」』】〗〙〟｠»‐〜～゠–！？‼⁇⁈⁉・：；。．、，ヽヾゝゞ々〻ー…‥゛゜％‰°′″℃￠¢" +
		"ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ｡｣､･ｧｨｩｪｫｬｭｮｯｰﾞﾟ,.:;?!%)]}"
	const notLast = "‘“（〔［｛〈《「『【〖〘〝｟«￥＄￡¥$£｢([{"
	return strings.ContainsRune(notFirst, b.glyphs[i].r) || i > 0 && strings.ContainsRune(notLast, b.glyphs[i-1].r)
}

// shrink sets an identifier that is only a little wider than a line in a smaller
// size, so that it stays on one. It reports whether it did.
func (b *breaker) shrink(i, j int, factor float64) bool {
	const least, smallest = 0.8, 6.5 // smallest in points
	if factor < least || b.size*monoScale*factor < smallest {
		return false
	}
	j = b.trim(i, j)
	for k := i; k < j; k++ {
		if g := b.glyphs[k]; g.span != b.glyphs[i].span || !b.spans[g.span].Mono && !b.fixed {
			return false
		}
	}
	for k := i; k < j; k++ {
		b.glyphs[k].shrunk = factor
		b.glyphs[k].adv *= factor
	}
	return true
}

// markToken notes that the monospaced glyphs from i to j belong together.
func (b *breaker) markToken(i, j int) {
	span := -1
	for ; i < j; i++ {
		g := &b.glyphs[i]
		if !b.spans[g.span].Mono && !b.fixed || g.r == ' ' {
			span = -1
			continue
		}
		if g.span != span {
			*b.tokens++
			span = g.span
		}
		g.token = *b.tokens
	}
}

// trim returns j without the blanks before it.
func (b *breaker) trim(i, j int) int {
	for j > i && (b.glyphs[j-1].r == ' ' || b.glyphs[j-1].r == '\u3000') {
		j--
	}
	return j
}

func (b *breaker) width(i, j int) float64 {
	w := 0.0
	for _, g := range b.glyphs[i:j] {
		w += g.adv
	}
	return w
}

// endLine makes a line of the glyphs from i to j.
func (b *breaker) endLine(i, j int) {
	j = b.trim(i, j)
	l := line{size: b.size}
	for i < j {
		g, k := b.glyphs[i], i
		var text strings.Builder
		for k < j && b.glyphs[k].face == g.face && b.glyphs[k].span == g.span && b.glyphs[k].token == g.token && b.glyphs[k].shrunk == g.shrunk {
			text.WriteRune(b.glyphs[k].r)
			k++
		}
		s := b.spans[g.span]
		f := frag{text: text.String(), face: g.face, size: b.sizeOf(g), w: b.width(i, k),
			muted: s.Muted, link: s.Link, token: g.token}
		l.frags = append(l.frags, f)
		l.w += f.w
		i = k
	}
	b.lines = append(b.lines, l)
}
