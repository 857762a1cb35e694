package report

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"evidence-locker/report/typeset"
)

// maxPreviews is how many bytes the pictures of first pages may take together:
// they are held until the document is written.
const maxPreviews = 32 << 20

// fileCard stands for a file that is no picture, where its content is not, as
// in plain text.
func (b *builder) fileCard(x exhibit) typeset.Card {
	if !x.isText() {
		return b.plainCard(x, "")
	}
	return typeset.Card{ID: x.contentID(), Title: typeset.Text(b.exhibitName(x) + b.s("：内容は PDF に示す", ": its content is in the PDF")),
		Lines: [][]typeset.Span{{mono(x.name)}, b.recorded()}}
}

// plainCard stands for a file whose content is not in the document.
func (b *builder) plainCard(x exhibit, why string) typeset.Card {
	c := typeset.Card{ID: x.contentID(), Title: typeset.Text(b.exhibitName(x) + b.s("：ファイルの内容は本書に示さない", ": the content of this file is not shown")),
		Lines: [][]typeset.Span{{mono(x.name)}}}
	if why != "" {
		c.Lines = append(c.Lines, typeset.Text(why))
	}
	c.Lines = append(c.Lines, b.recorded())
	return c
}

// unreadCard stands for a file that could not be read.
func (b *builder) unreadCard(x exhibit) typeset.Card {
	return typeset.Card{ID: x.contentID(), Title: typeset.Text(b.exhibitName(x) + b.s("：ファイルを読めない", ": the file cannot be read")),
		Lines: [][]typeset.Span{{mono(x.name)}, typeset.Text(b.unread()), b.recorded()}}
}

// showFile gives the blocks that show an exhibit that is no picture: text as it
// is, else a picture of the first page or only the card. previews is how many
// bytes such pictures may still take.
func (r *Report) showFile(ctx context.Context, card typeset.Card, x exhibit, o PDFOptions, previews *int64) ([]typeset.Block, error) {
	if x.isText() {
		return r.showText(ctx, x, o)
	}
	if _, err := readStart(ctx, o.open(x), 1); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.note(r.unreadable, x.Seq)
		return []typeset.Block{r.b.unreadCard(x)}, nil
	}
	if o.Preview == nil {
		return []typeset.Block{card}, nil
	}
	picture, program, err := o.Preview(ctx, x.Exhibit)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(picture)), nil }
	if err != nil || int64(len(picture)) > *previews {
		return []typeset.Block{card}, nil
	}
	if _, err := typeset.Inspect(open); err != nil {
		return []typeset.Block{card}, nil
	}
	*previews -= int64(len(picture))
	b := r.b
	if program = typeset.Printable(program); program == "" {
		program = b.s("名前の分からないプログラム", "an unnamed program")
	}
	return []typeset.Block{typeset.Picture{
		ID: card.ID, Open: open, Shown: b.shrunk,
		Caption: typeset.Text(b.exhibitName(x) + b.s("　", "  ") + x.name + fmt.Sprintf(b.s(
			"\n1ページ目だけの画像（%s で作成）。ファイルそのものではない。全体は保管庫の原本にある。",
			"\nPicture of page 1 only, made by %s. It is not the file itself; the whole is in the original in the vault."), program)),
		Card: func(*typeset.PictureError) typeset.Card { return card },
	}}, nil
}
