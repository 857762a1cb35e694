package typeset

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"sort"
	"strconv"
)

// spliced is what splice adds to the PDF that gofpdf made.
type spliced struct {
	lang     string
	dayOnly  bool
	fonts    map[faceID]map[rune]bool
	pictures []inspected
}

// splice copies raw, a PDF by gofpdf, to w with these changes:
//
//   - version 1.7, and an /ID that depends on the content only;
//   - /Lang and /ViewerPreferences in the catalog;
//   - dates without a time of day, if that was asked for;
//   - fonts under their own names, tagged as subsets, with a map to Unicode of
//     the characters that are used;
//   - the pictures, behind all other objects.
//
// Objects are found by number through the cross-reference table and recognised
// by how they begin, never by searching: text of the document may look like
// anything. What is not as expected is an error.
func splice(ctx context.Context, w io.Writer, raw []byte, add spliced) error {
	return spliceTo(ctx, newObjectWriter(w), raw, add)
}

func spliceTo(ctx context.Context, out *objectWriter, raw []byte, add spliced) error {
	objs, root, info, err := parseObjects(raw)
	if err != nil {
		return fmt.Errorf("finishing the PDF: %w", err)
	}
	if err := repairFonts(objs, add.fonts); err != nil {
		return fmt.Errorf("finishing the PDF: %w", err)
	}
	first := len(objs) // number of the first picture; objs[0] is unused
	names := ""
	for i := range add.pictures {
		names += fmt.Sprintf("/P%d %d 0 R\n", i+1, first+2*i)
	}
	err = errors.Join(
		replaceOnce(objs, 2, "/XObject <<\n", "/XObject <<\n"+names),
		replaceOnce(objs, root, "/Type /Catalog\n", "/Type /Catalog\n"+catalogExtra(add.lang)),
	)
	if add.dayOnly {
		for _, name := range []string{"CreationDate", "ModDate"} {
			dated := regexp.MustCompile(`\n/` + name + ` \(D:\d{8}(\d{6})\)\n`).FindSubmatchIndex(objs[info])
			if dated == nil {
				err = errors.Join(err, fmt.Errorf("no %s", name))
				continue
			}
			objs[info] = append(objs[info][:dated[2]:dated[2]], objs[info][dated[3]:]...)
		}
	}
	if err != nil {
		return fmt.Errorf("finishing the PDF: %w", err)
	}

	// Four bytes above 127 tell transfer programs that this is no text file.
	io.WriteString(out, "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	for n := 1; n < len(objs); n++ {
		out.begin(n)
		out.Write(objs[n])
	}
	if err := writePictures(ctx, out, add.pictures, first); err != nil {
		return err
	}
	out.finish(root, info)
	if out.err != nil {
		return fmt.Errorf("writing the PDF: %w", out.err)
	}
	return nil
}

func catalogExtra(lang string) string {
	s := "/ViewerPreferences <</DisplayDocTitle true>>\n"
	for _, c := range lang {
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return s // no language tag
		}
	}
	if lang != "" {
		s += "/Lang (" + lang + ")\n"
	}
	return s
}

var (
	startxrefRE = regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`)
	trailerRE   = regexp.MustCompile(`^trailer\n<<\n/Size (\d+)\n/Root (\d+) 0 R\n/Info (\d+) 0 R\n>>\nstartxref\n`)
)

// parseObjects returns the objects of a PDF by gofpdf by their numbers, each
// from "N 0 obj" to "endobj", and the numbers of the catalog and of the
// information dictionary.
func parseObjects(raw []byte) (objs [][]byte, root, info int, err error) {
	bad := errors.New("unexpected structure")
	// The tail has a fixed form; its start must not be searched for further up.
	m := startxrefRE.FindSubmatch(raw[max(0, len(raw)-64):])
	if m == nil {
		return nil, 0, 0, bad
	}
	start, err := strconv.Atoi(string(m[1]))
	if err != nil || start <= 0 || start >= len(raw) {
		return nil, 0, 0, bad
	}
	var count int
	table, ok := bytes.CutPrefix(raw[start:], []byte("xref\n0 "))
	if !ok {
		return nil, 0, 0, bad
	}
	i := bytes.IndexByte(table, '\n')
	if i < 0 {
		return nil, 0, 0, bad
	}
	if count, err = strconv.Atoi(string(table[:i])); err != nil || count < 3 || len(table) < i+1+20*count {
		return nil, 0, 0, bad
	}
	table = table[i+1:]
	offsets := make([]int, count)
	for n := range offsets {
		entry := table[20*n : 20*n+20]
		if offsets[n], err = strconv.Atoi(string(entry[:10])); err != nil || n > 0 && (entry[17] != 'n' || offsets[n] <= 0 || offsets[n] >= start) {
			return nil, 0, 0, bad
		}
	}
	m = trailerRE.FindSubmatch(table[20*count:])
	if m == nil {
		return nil, 0, 0, bad
	}
	root, _ = strconv.Atoi(string(m[2]))
	info, _ = strconv.Atoi(string(m[3]))
	if string(m[1]) != strconv.Itoa(count) || root < 1 || root >= count || info < 1 || info >= count {
		return nil, 0, 0, bad
	}

	sorted := append([]int{start}, offsets[1:]...)
	sort.Ints(sorted)
	objs = make([][]byte, count)
	for n := 1; n < count; n++ {
		end := sorted[sort.SearchInts(sorted, offsets[n]+1)]
		objs[n] = raw[offsets[n]:end]
		if !bytes.HasPrefix(objs[n], fmt.Appendf(nil, "%d 0 obj\n", n)) || !bytes.HasSuffix(objs[n], []byte("endobj\n")) {
			return nil, 0, 0, bad
		}
	}
	return objs, root, info, nil
}

// replaceOnce replaces text in object n, in which it must stand once.
func replaceOnce(objs [][]byte, n int, old, new string) error {
	if bytes.Count(objs[n], []byte(old)) != 1 {
		return fmt.Errorf("object %d is not as expected", n)
	}
	objs[n] = bytes.Replace(objs[n], []byte(old), []byte(new), 1)
	return nil
}

// objectWriter writes the objects of a PDF and remembers where they are. Its
// first error stays.
type objectWriter struct {
	w       *bufio.Writer
	sum     hash.Hash
	n       int64
	offsets []int64 // by object number
	measure bool    // pictures are counted, not written

	pictures []int64 // sizes of their objects
	err      error
}

func newObjectWriter(w io.Writer) *objectWriter {
	return &objectWriter{w: bufio.NewWriterSize(w, 64<<10), sum: sha256.New()}
}

func (o *objectWriter) Write(b []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(b)
	o.sum.Write(b[:n])
	o.n += int64(n)
	o.err = err
	return n, err
}

// begin notes that object n comes next; numbers have no gaps.
func (o *objectWriter) begin(n int) {
	if len(o.offsets) == 0 {
		o.offsets = append(o.offsets, 0)
	}
	if n != len(o.offsets) && o.err == nil {
		o.err = fmt.Errorf("object %d out of order", n)
	}
	o.offsets = append(o.offsets, o.n)
}

func (o *objectWriter) finish(root, info int) {
	id := o.sum.Sum(nil)[:16]
	start := o.n
	fmt.Fprintf(o, "xref\n0 %d\n0000000000 65535 f \n", len(o.offsets))
	for _, off := range o.offsets[1:] {
		if off > 9999999999 && o.err == nil {
			o.err = errors.New("the file would be larger than 10 GB")
		}
		fmt.Fprintf(o, "%010d 00000 n \n", off)
	}
	fmt.Fprintf(o, "trailer\n<</Size %d /Root %d 0 R /Info %d 0 R /ID [<%X> <%X>]>>\nstartxref\n%d\n%%%%EOF\n",
		len(o.offsets), root, info, id, id, start)
	if err := o.w.Flush(); o.err == nil {
		o.err = err
	}
}
