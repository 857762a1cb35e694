package report

import "evidence-locker/report/typeset"

// police makes the material from which a victim report is filled in: identity
// on a first sheet that can be taken off, the boxes of the form in their order,
// then the facts behind them. It names no offence.
func (b *builder) police() {
	b.title = b.s("被害状況説明書", "Statement of damage")
	b.identitySheet()

	b.add(typeset.PageBreak{Restart: true}, // the sheet in front can be taken off
		typeset.Heading{Level: 1, Text: b.title, ID: "top"},
		typeset.Paragraph{Align: typeset.Center, Size: 9, Spans: typeset.Text(b.s(
			"被害届の記入に用いる資料。届出書そのものではない。", "Material for filling in a victim report; not the report itself."))})
	b.add(b.damageNote()...)
	b.add(typeset.Fields{LabelWidth: 46, Rows: b.form(b.file.Field, false)})

	b.section("circumstances", b.circumstancesTitle(), b.circumstances())
	b.section("timeline", b.s("時系列", "Timeline"), b.timeline())
	b.section("losses", b.lossesTitle(), b.losses())
	b.section("transfers", b.s("送金", "Transfers"), b.items("transfer", b.s("送金", "Transfer"), "amount", "network", "txid", "from", "to", "at", "value"))
	b.section("bank", b.s("銀行での入出金", "Bank transfers"), b.items("bank", b.s("銀行", "Bank")))
	b.section("orders", b.s("注文", "Orders"), b.orders())
	b.section("attempts", b.s("試みた操作", "Attempts"), b.attempts())
	b.section("accounts", b.s("利用していた口座", "Accounts used"), b.itemsWithout([]string{"email", "login_id"}, "account", b.s("口座", "Account"), "exchange"))
	b.section("errors", b.errorsTitle(), b.errorText())
	b.section("other", b.s("そのほかの事実", "Other facts"), b.otherFacts())
	b.section("actors", b.s("相手方について分かっていること", "What is known of the other party"), b.items("actor", b.s("相手方", "Party")))
	b.section("actions", b.s("講じた措置", "Steps taken"), b.lines("action", b.s("措置", "Step"), "step", "text", "result"))
	b.section("contacts", b.s("やり取り", "Correspondence so far"), b.items("contact", b.s("やり取り", "Contact"), "with", "inquiry_no", "at"))
	b.section("notes", b.s("メモ", "Notes"), b.lines("note", b.s("内容", "Text"), "text"))
	b.section("opinion", b.s("意見・推測", "Opinion"), b.opinions())
	b.section("list", b.s("資料目録", "List of exhibits"), b.exhibitList())
	b.section("hashes", b.s("ハッシュ値の一覧", "List of hashes"), b.hashList())
	b.tail()
	b.add(typeset.Space(6), typeset.Signature{Labels: []string{
		b.s("作成日　令和　　年　　月　　日", "Date"), b.s("署名", "Signature")}})

	if len(b.exhibits) > 0 {
		b.add(typeset.PageBreak{})
	}
	b.section("exhibits", b.s("資料", "Exhibits"), b.exhibitPages())
}

// identitySheet keeps the person's identity apart; the body has name and age
// only (recipients.md, rule 6).
func (b *builder) identitySheet() {
	b.add(
		typeset.Heading{Level: 1, Text: b.s("届出人に関する事項（別紙）", "About the reporter (separate sheet)"), ID: "identity"},
		typeset.Paragraph{Align: typeset.Center, Size: 9, Spans: typeset.Text(b.s(
			"この別紙は切り離すことができる。本文は次の1ページから始まり、氏名と年齢だけを書いている。",
			"This sheet can be taken off. The body begins behind it with page 1 and has the name and age only."))},
	)
	b.add(b.damageNote()...) // this is page 1
	b.add(typeset.Fields{LabelWidth: 46, Rows: b.form(b.file.Field, true)})
}

func (b *builder) errorText() []typeset.Block {
	if len(b.errorSpans()) == 0 {
		return nil
	}
	return []typeset.Block{typeset.Paragraph{Spans: b.errorSpans()}}
}
