package report

import (
	"fmt"
	"slices"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/report/typeset"
)

// exhibit is a recorded file with its number in this document.
type exhibit struct {
	n    int
	rec  *locker.Record
	name string // printable, without secrets
	*locker.Exhibit
}

func (x exhibit) id() string { return fmt.Sprintf("exhibit-%d", x.n) }

// contentID is the ID of the block with the content, or the card for it.
func (x exhibit) contentID() string { return x.id() + "-image" }

// media is the type of the file without parameters, in small letters.
func (x exhibit) media() string {
	s, _, _ := strings.Cut(x.MediaType, ";")
	return strings.ToLower(strings.TrimSpace(s))
}

// isPicture tells whether the file can be shown as one.
func (x exhibit) isPicture() bool {
	switch x.media() {
	case "image/png", "image/jpeg", "image/gif", "image/bmp", "image/tiff", "image/webp":
		return true
	}
	return false
}

func (b *builder) numberExhibits() []exhibit {
	var xs []exhibit
	for _, r := range live(b.in.Incident, "evidence") {
		if r.Exhibit == nil {
			continue
		}
		again := slices.IndexFunc(xs, func(x exhibit) bool { return sameExhibit(x.rec, r) })
		if again < 0 {
			name := b.text(r, r.Exhibit.Name)
			if strings.TrimSpace(name) == "" {
				name = b.s("（名前なし）", "(no name)")
			}
			xs = append(xs, exhibit{len(xs) + 1, r, name, r.Exhibit})
			continue
		}
		first := xs[again].rec
		b.parts[first] = append(slices.Clone(b.partsOf(first)), r)
	}
	return xs
}

// sameExhibit tells whether a file was recorded twice under one name, and
// nothing was said of it either time that was not said the other.
func sameExhibit(x, y *locker.Record) bool {
	if x.Exhibit.SHA256 != y.Exhibit.SHA256 || x.Exhibit.Name != y.Exhibit.Name || len(x.Fields) != len(y.Fields) {
		return false
	}
	for name, v := range x.Fields {
		if w := y.Fields[name]; w == nil || w.String() != v.String() {
			return false
		}
	}
	return true
}

// exhibitName is the neutral label that the document uses; court numbering is
// not ours to give.
func (b *builder) exhibitName(x exhibit) string {
	return fmt.Sprintf(b.s("資料%d", "Exhibit %d"), x.n)
}

// bytes prints a file size.
func (b *builder) bytes(n int64) string { return thousands(n) + b.s(" バイト", " bytes") }

// thousands prints a number with its thousands apart.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// device says on what a record was made: part of what makes a file credible.
func (b *builder) device(r *locker.Record) string {
	var parts []string
	for _, s := range []string{r.Device.OS, r.Device.Arch, toolName(r)} {
		if s != "" {
			parts = append(parts, typeset.Printable(s))
		}
	}
	return strings.Join(parts, ", ")
}

func toolName(r *locker.Record) string {
	return strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version)
}

// showExhibit is everything about one file: what it is, then its picture or a
// card in its place.
func (b *builder) showExhibit(x exhibit) []typeset.Block {
	rows := []typeset.Field{
		{Label: b.s("ファイル名", "File name"), Value: []typeset.Span{mono(x.name)}},
		{Label: b.fileLabel(x, "note"), Value: b.or(b.value(x.rec, "note"))},
		{Label: b.fileLabel(x, "at"), Value: b.or(b.value(x.rec, "at"))},
		{Label: b.fileLabel(x, "captured_by"), Value: b.or(b.value(x.rec, "captured_by"))},
	}
	for _, name := range []string{"url", "source"} {
		if v := b.value(x.rec, name); len(v) > 0 {
			rows = append(rows, typeset.Field{Label: b.s(map[string]string{"url": "URL", "source": "入手元"}[name],
				map[string]string{"url": "URL", "source": "Source"}[name]), Value: v})
		}
	}
	if !x.Modified.IsZero() {
		rows = append(rows, typeset.Field{Label: b.s("ファイルの更新日時", "File modified"), Value: typeset.Text(b.when(x.Modified))})
	}
	rows = append(rows, b.claims(x)...)
	rows = append(rows,
		typeset.Field{Label: b.s("保管庫への記録日時", "Recorded in the vault"), Value: typeset.Text(b.stamp(x.rec.RecordedAt, b.when) + b.s("、", ", ") + b.rec(x.rec))},
		typeset.Field{Label: b.s("記録した機器", "Recorded with"), Value: b.or(plainSpans(b.device(x.rec)))},
		typeset.Field{Label: b.s("種別・サイズ", "Type and size"), Value: typeset.Text(typeset.Printable(x.MediaType) + b.s("、", ", ") + b.bytes(x.Size))},
		typeset.Field{Label: "SHA-256", Value: typeset.Code(fmt.Sprintf("%x", x.SHA256))},
	)
	name := b.exhibitName(x)
	out := []typeset.Block{typeset.Heading{Level: 3, Text: name + b.s("　", "  ") + x.name, ID: x.id()}, typeset.Fields{Rows: rows}}
	if !x.isPicture() {
		b.files[x.contentID()] = x
		return append(out, b.fileCard(x))
	}
	b.pictures[x.contentID()] = x
	return append(out, typeset.Picture{
		ID:      x.contentID(),
		Caption: b.caption(x),
		Marks:   b.marks[x.Seq],
		Masks:   b.masks[x.Seq],
		Shown:   b.shrunk,
		Card:    func(e *typeset.PictureError) typeset.Card { return b.card(x, e) },
	})
}

// claims are the rows of what the file says of itself, which whoever had it can
// have written.
func (b *builder) claims(x exhibit) []typeset.Field {
	said := func(names ...string) (spans []typeset.Span) {
		for _, name := range names {
			v := b.value(x.rec, name)
			if len(v) == 0 {
				continue
			}
			if len(spans) > 0 {
				spans = append(spans, typeset.Span{Text: "\n"})
			}
			spans = append(append(spans, typeset.Span{Text: b.label("evidence", name) + b.s("：", ": "), Muted: true}), v...)
		}
		return spans
	}
	var rows []typeset.Field
	file := said("taken", "made_with")
	if w, h := b.value(x.rec, "width"), b.value(x.rec, "height"); len(w) > 0 && len(h) > 0 {
		size := append(append(append(w, typeset.Span{Text: "×"}), h...), typeset.Span{Text: b.s(" 画素", " pixels")})
		if len(file) > 0 {
			size = append(size, typeset.Span{Text: "\n"})
		}
		file = append(size, file...)
	}
	if len(file) > 0 {
		rows = append(rows, typeset.Field{Label: b.s("ファイル自体の記載（真偽は未確認）", "The file says (not checked)"), Value: file})
	}
	if mail := said("mail_from", "mail_to", "mail_subject", "mail_date", "mail_id", "mail_hops", "mail_files"); len(mail) > 0 {
		rows = append(rows, typeset.Field{Label: b.s("メールの記載（真偽は未確認）", "The mail claims (not checked)"), Value: mail})
	}
	return rows
}

// recorded says where the original is.
func (b *builder) recorded() []typeset.Span {
	return typeset.Text(b.s("原本は、上の SHA-256 で保管庫に記録されている。", "The original is recorded in the vault with the SHA-256 above."))
}

// unread says that an original could not be opened.
func (b *builder) unread() string {
	return b.s("保管庫から原本を読み出せなかった。", "The original could not be read from the vault.")
}

// card stands in the place of a picture that cannot be shown.
func (b *builder) card(x exhibit, e *typeset.PictureError) typeset.Card {
	why := b.unread()
	switch e.Reason {
	case typeset.Unsupported:
		why = b.s("この形式の画像は示せない。", "Pictures of this format cannot be shown.")
	case typeset.Damaged:
		why = b.s("画像ファイルが壊れているか途中で切れている。", "The picture file is broken or cut short.")
	case typeset.TooLarge:
		why = b.s("画像のファイルが大きすぎる。", "The picture file is too large.")
		if e.Width > 0 {
			why = fmt.Sprintf(b.s("画像が大きすぎる（%d×%d 画素）。", "The picture is too large (%d×%d pixels)."), e.Width, e.Height)
		}
	case typeset.Animated:
		why = b.s("動く画像は示せない。", "Moving pictures cannot be shown.")
	}
	return typeset.Card{ID: x.contentID(), Title: typeset.Text(b.exhibitName(x) + b.s("：画像を示せない", ": the picture cannot be shown")),
		Lines: [][]typeset.Span{typeset.Text(why), b.recorded()}}
}

// exhibitPages are all exhibits one after the other.
func (b *builder) exhibitPages() []typeset.Block {
	var out []typeset.Block
	cards := 0 // since the last page break
	for i, x := range b.exhibits {
		// One picture or text to a sheet, so that it stands with its data and
		// can be handed over by itself; two of those that have none.
		if i > 0 && (x.hasPages() || b.exhibits[i-1].hasPages() || cards == 2) {
			out = append(out, typeset.PageBreak{})
			cards = 0
		}
		if !x.hasPages() {
			cards++
		}
		out = append(out, b.showExhibit(x)...)
	}
	return out
}

// exhibitList has the columns of a 証拠説明書 (recipients.md, section 2.4).
func (b *builder) exhibitList() []typeset.Block {
	if len(b.exhibits) == 0 {
		return nil
	}
	time, by := 56.0, 24.0
	if b.key == "police" { // its left margin is wide
		time, by = 50, 21
	}
	t := typeset.Table{Size: tableSize, Columns: []typeset.Column{
		{Head: b.s("資料番号", "No."), MM: 20},
		{Head: b.s("標目", "Title")},
		{Head: b.s("原本・写しの別", "Original or copy"), MM: 20},
		{Head: b.label("evidence", "at"), MM: time},
		{Head: b.s("作成者（取得者）", "Made by"), MM: by},
		{Head: b.s("立証趣旨（何を示すか）", "What it shows"), Width: 1.2},
	}}
	for _, x := range b.exhibits {
		at := b.or(nil)
		if v, ok := b.moment(x.rec, "at"); ok {
			at = typeset.Text(b.whenCell(v.At))
		}
		t.Rows = append(t.Rows, []typeset.Cell{
			{goTo(x.id(), b.exhibitName(x))}, {mono(x.name)},
			typeset.Text(b.kindOfCopy(x)),
			at, b.or(b.value(x.rec, "captured_by")), b.or(b.value(x.rec, "note")),
		})
	}
	return []typeset.Block{t, typeset.Paragraph{Size: tableSize, Spans: typeset.Text(b.s(
		"原本は、どれも保管庫内の電子データである。", "Every original is a file in the vault."))}}
}

// hashList names every file with the digest of its original bytes.
func (b *builder) hashList() []typeset.Block { return b.hashesOf(b.exhibits) }

func (b *builder) hashesOf(xs []exhibit) []typeset.Block {
	if len(xs) == 0 {
		return nil
	}
	t := typeset.Table{Size: tableSize, Columns: []typeset.Column{
		{Head: b.s("資料", "Exhibit"), MM: 20}, {Head: b.s("ファイル名と SHA-256", "File name and SHA-256")},
		{Head: b.s("サイズ", "Size"), MM: 30, Align: typeset.Right},
	}}
	for _, x := range xs {
		t.Rows = append(t.Rows, []typeset.Cell{
			{goTo(x.id(), b.exhibitName(x))},
			{mono(x.name), {Text: "\n"}, {Text: fmt.Sprintf("%x", x.SHA256), Mono: true}},
			typeset.Text(b.bytes(x.Size)),
		})
	}
	return []typeset.Block{t}
}
