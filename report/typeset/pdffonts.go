package typeset

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	type0RE      = regexp.MustCompile(`^\d+ 0 obj\n<</Type /Font\n/Subtype /Type0\n/BaseFont /utf8([a-z]+)\n/Encoding /Identity-H\n/DescendantFonts \[(\d+) 0 R\]\n/ToUnicode (\d+) 0 R>>\nendobj\n$`)
	descendantRE = regexp.MustCompile(`^\d+ 0 obj\n<</Type /Font\n/Subtype /CIDFontType2\n/BaseFont /utf8[a-z]+\n/CIDSystemInfo \d+ 0 R\n/FontDescriptor (\d+) 0 R\n`)
)

// repairFonts gives each font its real name with the tag of a subset, and a
// ToUnicode map of its used characters. gofpdf writes one range over all codes
// instead, which the format does not allow.
func repairFonts(objs [][]byte, used map[faceID]map[rune]bool) error {
	found := 0
	for n := range objs {
		m := type0RE.FindSubmatch(objs[n])
		if m == nil {
			continue
		}
		id, ok := faceByKey(string(m[1]))
		descendant, toUnicode := number(m[2]), number(m[3])
		if !ok || used[id] == nil || descendant >= len(objs) || toUnicode >= len(objs) {
			return fmt.Errorf("font object %d is not as expected", n)
		}
		m = descendantRE.FindSubmatch(objs[descendant])
		if m == nil || number(m[1]) >= len(objs) {
			return fmt.Errorf("font object %d is not as expected", descendant)
		}
		runes := slices.Sorted(maps.Keys(used[id]))
		old, name := "/utf8"+fontFiles[id].key, "/"+subsetName(id, runes)
		// The name is followed by a newline; a longer name could begin alike.
		err := errors.Join(
			replaceOnce(objs, n, old+"\n", name+"\n"),
			replaceOnce(objs, descendant, old+"\n", name+"\n"),
			replaceOnce(objs, number(m[1]), old+"\n", name+"\n"),
		)
		if err != nil {
			return err
		}
		cmap := toUnicodeMap(runes)
		objs[toUnicode] = fmt.Appendf(nil, "%d 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n", toUnicode, len(cmap), cmap)
		found++
	}
	if found != len(used) {
		return errors.New("a font is missing")
	}
	return nil
}

func number(digits []byte) int {
	n, _ := strconv.Atoi(string(digits))
	return n
}

func faceByKey(key string) (faceID, bool) {
	for id, f := range fontFiles {
		if f.key == key {
			return faceID(id), true
		}
	}
	return 0, false
}

// subsetName is the name of a font with six letters that differ between subsets.
func subsetName(id faceID, runes []rune) string {
	sum := sha256.Sum256([]byte(fontFiles[id].name + string(runes)))
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	return string(tag) + "+" + fontFiles[id].name
}

// toUnicodeMap maps each code to its character; the codes that gofpdf writes
// are the characters themselves.
func toUnicodeMap(runes []rune) []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for part := range slices.Chunk(runes, 100) { // the most that one section may hold
		fmt.Fprintf(&b, "%d beginbfchar\n", len(part))
		for _, r := range part {
			c := strings.ToUpper(fmt.Sprintf("%04x", r))
			fmt.Fprintf(&b, "<%s> <%s>\n", c, c)
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend")
	return b.Bytes()
}
