package typeset

import (
	"bytes"
	"image"
	"image/png"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	sentence = "2024年1月15日14時03分、取引所の画面に「503 Service Unavailable」と表示され、注文（指値・0.5 BTC）を取り消すことができなかった。手数料は 0.0005 BTC、証拠を裏付ける資料は別紙のとおりである。"
	txid     = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
)

var (
	wide = sync.OnceValue(func() []byte { return chartPNG(1280, 720) })
	tall = sync.OnceValue(func() []byte { return chartPNG(540, 3000) })
)

func chartPNG(w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, chart(w, h)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// sample uses every block.
func sample(face Face, lang string) *Document {
	d := &Document{
		Title: "被害状況説明書", Author: "山田 花子", Subject: "取引所障害", Lang: lang, Date: testDate, Face: face, Size: 10.5,
		Margins: Margins{Left: 30, Right: 20, Top: 22, Bottom: 22},
		Header:  []Span{{Text: "被害状況説明書　山田 花子　事件 3"}},
		Footer:  []Span{{Text: "台帳の先頭 "}, {Text: "evidence-locker/7f3a 41 " + txid, Mono: true}},
		PageOf:  nil,
	}
	d.Blocks = []Block{
		Heading{Level: 1, Text: "被害状況説明書", ID: "top"},
		Paragraph{Spans: []Span{{Text: sentence}, {Text: "（"}, {Text: "別紙 1", Link: "#ex1"}, {Text: "参照。取引記録は "}, {Text: "https://mempool.space/tx/" + txid, Mono: true, Link: "https://mempool.space/tx/" + txid}, {Text: "）。"}}},
		Heading{Level: 2, Text: "一　届出人"},
		Fields{Rows: []Field{
			{"氏名", Text("山田 花子（やまだ はなこ）")},
			{"住所", Text("東京都葛飾区立石一丁目2番3号")},
			{"口座番号", Code("1234567")},
			{"発生日時", Text("2024-01-15T14:03:00+09:00\n令和6年1月15日 午後2時3分（日本標準時）")},
			{"取引ID", Code(txid)},
			{"職業", []Span{{Text: "未記入", Muted: true}}},
		}},
		Heading{Level: 2, Text: "二　経過"},
		List{Numbered: true, Items: [][]Span{Text(sentence), Text("サポートへ連絡した。"), Text(strings.Repeat("引き続き画面は応答しなかった。", 6))}},
		List{Items: [][]Span{Text("画面の写し"), {{Text: "注文番号 "}, {Text: "ORD-2024-0000-1234-5678", Mono: true, Bold: true}}}},
		Heading{Level: 3, Text: "注文"},
		Table{Columns: []Column{{Head: "番号", MM: 12, Align: Right}, {Head: "日時", Width: 3, Mono: true}, {Head: "内容", Width: 4}, {Head: "数量", Width: 2, Align: Right, Mono: true}},
			Rows: rowsOf(14)},
		Note{Title: "注意", Spans: Text("この書面は届出の用紙に書き写すための資料であり、罪名を主張するものではない。価格は記録された画面による。")},
		Heading{Level: 3, Text: "取引ID"},
		Mono{Text: txid + "\n0x" + strings.Repeat(txid, 3)},
		Signature{Labels: []string{"日付", "署名"}},
		PageBreak{},
		Heading{Level: 2, Text: "別紙 1", ID: "ex1"},
		Picture{ID: "p1", Caption: []Span{{Text: "別紙 1　注文画面　"}, {Text: "sha256 " + txid, Mono: true}}, Open: from(wide()),
			Marks: []image.Rectangle{image.Rect(100, 100, 400, 200)}},
		Heading{Level: 2, Text: "別紙 2"},
		Picture{ID: "p2", Caption: Text("別紙 2"), Open: from([]byte("%PDF-1.7 not a picture"))},
		Card{Title: Text("video.mp4"), Lines: [][]Span{Text("動画 12,345,678 バイト"), Code("sha256 " + txid)}},
		Heading{Level: 2, Text: "別紙 3"},
		Picture{ID: "p3", Caption: Text("別紙 3　縦長の画面"), Open: from(tall())},
		Paragraph{Spans: Text("文字の例: 😀 𠮷野家 👨‍👩‍👧 か\u3099 \u202eevil\u202c شكرا nul\x00 bad\xff tab\tend 神 ｶﾅ ～〜 ①㈱髙﨑 ✔"), Size: 9},
	}
	return d
}

func rowsOf(n int) [][]Cell {
	contents := []string{"指値の買い注文", "取消の操作をしたが、画面に「503」と表示された", sentence}
	var rows [][]Cell
	for i := range n {
		rows = append(rows, []Cell{Text(strconv.Itoa(i + 1)), Text("2024-01-15 14:03:07 +09:00"), Text(contents[i%3]), Text("0.12345678")})
	}
	return rows
}

// english is a short report in English.
func english(face Face) *Document {
	const story = "At 14:03 on 15 January 2024 (Japan time) the exchange answered every attempt to cancel order " +
		"with “503 Service Unavailable”. The stop-loss order did not fire, and the position was closed at a price 18 % below the last quote."
	return &Document{
		Title: "Incident report", Author: "Hanako Yamada", Lang: "en", Date: testDate, Face: face, Paper: Letter,
		Margins: Margins{Left: 25, Right: 25, Top: 22, Bottom: 22},
		Header:  Text("Incident report – Hanako Yamada – incident 3"),
		Footer:  []Span{{Text: "Vault head "}, {Text: txid, Mono: true}},
		PageOf:  func(n, total int) string { return "Page " + strconv.Itoa(n) + " of " + strconv.Itoa(total) },
		Blocks: []Block{
			Heading{Level: 1, Text: "Incident report"},
			Paragraph{Spans: []Span{{Text: story + " See "}, {Text: "exhibit 1", Link: "#e1"}, {Text: "."}}},
			Fields{Rows: []Field{{"Name", Text("Hanako Yamada")}, {"Account", Code("8812-3345-19")}, {"Time", Text("2024-01-15T14:03:00+09:00")},
				{"Transaction", Code(txid)}, {"Home address", []Span{{Text: "not given", Muted: true}}}}},
			Heading{Level: 2, Text: "What is asked"},
			List{Numbered: true, Items: [][]Span{Text("Please keep the server logs of the order engine from 14:00 to 15:00."), Text(story)}},
			Heading{Level: 2, Text: "Orders"},
			Table{Columns: []Column{{Head: "No.", MM: 10, Align: Right}, {Head: "Order", Mono: true, Width: 2}, {Head: "Event", Width: 3}, {Head: "Amount (BTC)", Align: Right, Mono: true, Width: 1.4}},
				Rows: [][]Cell{{Text("1"), Text("ORD-2024-0000-0001"), Text("limit sell, accepted"), Text("0.50000000")}, {Text("2"), Text("ORD-2024-0000-0002"), Text("cancel refused: " + story), Text("0.12345678")}}},
			Note{Title: "Time", Spans: Text("All times carry their offset from UTC.")},
			Heading{Level: 3, Text: "Exhibit 1", ID: "e1"},
			Picture{Caption: Text("Order screen"), Open: from(chartPNG(400, 200))},
			Signature{Labels: []string{"Date", "Signature"}},
		},
	}
}

func TestSample(t *testing.T) {
	t.Run("gothic", func(t *testing.T) { write(t, sample(Gothic, "ja")) })
	t.Run("mincho", func(t *testing.T) { write(t, sample(Mincho, "ja")) })
	t.Run("english", func(t *testing.T) { write(t, english(Gothic)) })
	t.Run("english mincho", func(t *testing.T) { write(t, english(Mincho)) })
}
