package report

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// The made-up addresses and transaction ids belong to nobody.
const (
	btcAddress = "bc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw04w7r86"
	btcTxID    = "3252c9ba03fe493184bbcf3eb777fd9b3772ce0c452ec23e762c2e0255eafee9"
	solAddress = "9aa4FWpEp32AJHJKGc7pBrXTLy7VA9PfmAShXNNX4C3o"
	solTxID    = "1XTRN2RJN5MfCYf2UTVo8dcmei94CvVB2BBWvvograKBRzTW7RaDH79KZ4NSHQNUNLf3DwSbhdsgmDYptsM2d21"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func when(s string) record.Time { return record.Time{At: at(s)} }

func sum(s string) record.Amount {
	a, ok := record.ParseAmount(s)
	if !ok {
		panic("not an amount: " + s)
	}
	return a
}

// made builds incidents by hand: records are numbered and dated one after the
// other, a minute apart.
type made struct {
	Input
	next  int64
	files map[[32]byte][]byte
}

func newMade() *made {
	return &made{
		Input: Input{
			Incident: &locker.Incident{Number: 3}, Vault: "00112233445566778899aabbccddeeff",
			Head: locker.Head{Size: 41, Root: [32]byte{1, 2, 3}},
		},
		next: 10, files: make(map[[32]byte][]byte),
	}
}

func (m *made) add(t record.Type, f record.Fields) *locker.Record {
	r := &locker.Record{Known: true}
	r.Seq, r.Type, r.Fields, r.Incident = m.next, t, f, m.Incident.Number
	r.ID = fmt.Sprintf("%032x", m.next)
	r.RecordedAt = at("2026-11-03T08:00:00+09:00").Add(time.Duration(m.next) * time.Minute)
	r.Device = record.Device{OS: "linux", Arch: "amd64", Host: "home-pc"}
	r.Tool = record.Tool{Name: "locker", Version: "0.1.0"}
	synchronised := true
	r.Clock = record.Clock{Zone: "Asia/Tokyo", Synchronised: &synchronised}
	m.next++
	if t == "reporter" {
		r.Incident = 0
		if m.Reporter == nil {
			m.Reporter = &locker.Incident{}
		}
		m.Reporter.Records = append(m.Reporter.Records, r)
		return r
	}
	m.Incident.Records = append(m.Incident.Records, r)
	return r
}

func (m *made) file(name, media string, content []byte, f record.Fields) *locker.Record {
	r := m.add("evidence", f)
	sha := sha256.Sum256(content)
	r.Exhibit = &locker.Exhibit{Seq: r.Seq, Name: name, MediaType: media, Size: int64(len(content)), SHA256: sha, Modified: at("2026-11-03T02:30:00+09:00")}
	m.files[sha] = content
	return r
}

func (m *made) content(e *locker.Exhibit) (io.ReadCloser, error) {
	b, ok := m.files[e.SHA256]
	if !ok {
		return nil, errors.New("no such object")
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (m *made) retract(r *locker.Record, why string) {
	r.Retracted = m.add("retract", record.Fields{"id": record.Text(r.ID), "seq": record.Int(r.Seq), "why": record.Text(why)})
}

func screenshot(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 200, 255})
		}
	}
	return img
}

// pictureFiles keeps what pngOf and jpegOf made: nearly every test asks for the
// same few.
var pictureFiles sync.Map

func pictureOf(w, h int, format string, encode func(io.Writer, image.Image) error) []byte {
	key := fmt.Sprint(format, w, h)
	if b, ok := pictureFiles.Load(key); ok {
		return slices.Clone(b.([]byte))
	}
	var b bytes.Buffer
	if err := encode(&b, screenshot(w, h)); err != nil {
		panic(err)
	}
	pictureFiles.Store(key, b.Bytes())
	return slices.Clone(b.Bytes())
}

func pngOf(w, h int) []byte { return pictureOf(w, h, "png ", png.Encode) }

func jpegOf(w, h int) []byte {
	return pictureOf(w, h, "jpeg ", func(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, nil) })
}

// fullIncident has something of everything.
func fullIncident() *made {
	m := newMade()
	T := func(s string) record.Value { return record.Text(s) }
	m.add("reporter", record.Fields{"name": T("見本 太郎"), "kana": T("みほん たろう"), "address": T("東京都千代田区見本町1-1"),
		"phone": T("000-0000-0000"), "phone_kind": T("mobile"), "email": T("taro@example.com"), "age": T("41"), "occupation": T("会社員")})
	m.add("incident", record.Fields{"title": T("夜間にBTCが引き出された"), "exchange": T("bitbank"), "kind": T("theft"),
		"started_at": when("2026-11-03T02:14:09+09:00"), "ended_at": when("2026-11-03T02:31:00+09:00"),
		"noticed_at": record.Time{At: at("2026-11-03T07:05:00+09:00"), Raw: "yesterday 07:05"}, "noticed_how": T("出金完了のメールで気付いた"),
		"place": T("自宅（就寝中）"), "url": T("https://app.bitbank.cc/account/withdraw/history"),
		"suspected_from": when("2026-11-03T02:10:00+09:00"), "suspected_to": when("2026-11-03T02:31:00+09:00"),
		"narrative": T("2026年11月3日7時5分、出金完了のメールに気付いた。\n出金履歴に、身に覚えのない出金が2件あった。パスワード: hunter2secret を使い回していた。"),
		"summary":   T("就寝中に0.05 BTCと1.5 SOLが出金された。"), "error_text": T("503 Service Unavailable"), "error_code": T("E-503"),
		"opinion": T("偽のログインページに入力した可能性があると思う。"),
		"request": T("口座の停止、記録の保全、出金先の調査をお願いしたい。"), "own_ip": T("192.0.2.10")})
	m.add("incident", record.Fields{"kind": T("takeover")})
	m.add("account", record.Fields{"exchange": T("ビットバンク"), "number": T("0123456789"), "user_id": T("O0l1-user"), "email": T("taro@example.com"), "name": T("見本 太郎")})
	m.add("account", record.Fields{"exchange": T("Binance"), "user_id": T("binance-other-id")})
	m.add("order", record.Fields{"id": T("90000000001"), "pair": T("btc_jpy"), "side": T("sell"), "quantity": T("0.5"), "price": T("9800000"),
		"placed_at": when("2026-11-03T02:12:00.500+09:00"), "status": T("CANCELED_UNFILLED")})
	m.add("transfer", record.Fields{"direction": T("out"), "amount": sum("0.05 BTC"), "fee": sum("0.0001 BTC"), "network": T("BTC"), "txid": T(btcTxID),
		"to": T(btcAddress), "at": when("2026-11-03T02:14:09+09:00"), "status": T("DONE")})
	m.add("transfer", record.Fields{"direction": T("out"), "amount": sum("1.50000000 SOL"), "network": T("solana"), "txid": T(solTxID),
		"from": record.List{btcAddress, solAddress}, "to": T(solAddress), "at": when("2026-11-02T17:31:00Z")})
	m.add("loss", record.Fields{"amount": sum("0.05 BTC"), "value": sum("500,000 JPY"), "value_source": T("bitbank 約定価格"), "value_at": when("2026-11-03T02:14:00+09:00")})
	m.add("loss", record.Fields{"amount": sum("0.0500 BTC")})
	m.add("loss", record.Fields{"amount": sum("5.5E-7 SOL"), "attempted": T("9800000 で売り"), "difference": T("不明")})
	m.add("attempt", record.Fields{"what": T("ログイン"), "saw": T("503 Service Unavailable"), "from": when("2026-11-03T07:10:00+09:00"),
		"until": when("2026-11-03T07:20:00+09:00"), "times": record.Int(12)})
	m.add("actor", record.Fields{"domain": T("bitbank-login.example"), "url": T("https://bitbank-login.example/signin"), "note": T("メールの中のリンク")})
	m.add("action", record.Fields{"step": T("口座の停止を依頼"), "at": when("2026-11-03T07:30:00+09:00"), "result": T("受付のみ")})
	m.add("contact", record.Fields{"with": T("support"), "channel": T("form"), "direction": T("out"), "inquiry_no": T("INQ-000123"),
		"at": when("2026-11-03T07:40:00+09:00"), "text": T("停止を依頼した"), "reply": T("調査中")})
	m.add("note", record.Fields{"text": T("端末の検査では何も出なかった"), "at": when("2026-11-03T09:00:00+09:00")})
	m.add("note", record.Fields{"text": T("日時なしのメモ")})
	m.file("出金履歴.png", "image/png", pngOf(640, 360), record.Fields{"note": T("出金履歴の画面"), "at": when("2026-11-03T07:12:00+09:00"),
		"url": T("https://app.bitbank.cc/account/withdraw/history"), "captured_by": T("見本 太郎")})
	m.file("phone.jpg", "image/jpeg", jpegOf(300, 500), record.Fields{"width": record.Int(300), "height": record.Int(500),
		"taken": T("2026:11:03 07:20:11+09:00"), "made_with": T("Example Phone 3")})
	m.file("mail.eml", "message/rfc822", []byte("From: x\r\n\r\nhi"), record.Fields{"note": T("出金完了メール"),
		"mail_from": T("サポート <info@bitbank-support.example>"), "mail_to": record.List{"taro@example.jp", "hanako@example.jp"},
		"mail_subject": T("【重要】出金のお知らせ"), "mail_date": T("Tue, 3 Nov 2026 07:15:00 +0900"), "mail_id": T("<1@bitbank-support.example>"),
		"mail_hops": record.List{"from mx.example.com (192.0.2.1) by in.example.jp; Tue, 3 Nov 2026 07:15:02 +0900"}, "mail_files": record.List{"請求書.zip"}})
	m.retract(m.add("note", record.Fields{"text": T("間違えて書いたメモ")}), "別の案件だった")
	m.add("custody", record.Fields{"action": T("report"), "name": T("custody-file.pdf")})
	return m
}

// emptyIncident has one screenshot and no fact.
func emptyIncident() *made {
	m := newMade()
	m.file("shot.png", "image/png", pngOf(64, 48), nil)
	return m
}

func mustBuild(t *testing.T, in Input, o Options) *Report {
	t.Helper()
	r, err := Build(in, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func textOf(t *testing.T, in Input, o Options) string {
	t.Helper()
	var b strings.Builder
	if _, err := mustBuild(t, in, o).WriteText(&b, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func pdfOf(t *testing.T, m *made, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := mustBuild(t, m.Input, o).WritePDF(t.Context(), &b, PDFOptions{Content: m.content}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// forms are all recipients in all languages.
func forms() []Options {
	var os []Options
	for _, r := range Recipients() {
		for _, lang := range []string{"ja", "en"} {
			os = append(os, Options{For: r.Key, Lang: lang})
		}
	}
	return os
}

// eachReader is every recipient in one of the languages, by turns: for what is
// drawn, and the same in both.
func eachReader() []Options {
	var os []Options
	for i, r := range Recipients() {
		os = append(os, Options{For: r.Key, Lang: []string{"ja", "en"}[i%2]})
	}
	return os
}

var fullPDFs sync.Map

// fullPDF is the PDF of fullIncident.
func fullPDF(t *testing.T, o Options) []byte {
	t.Helper()
	key := o.For + " " + o.Lang
	if b, ok := fullPDFs.Load(key); ok {
		return b.([]byte)
	}
	b := pdfOf(t, fullIncident(), Options{For: o.For, Lang: o.Lang})
	fullPDFs.Store(key, b)
	return b
}
