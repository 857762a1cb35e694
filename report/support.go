package report

import (
	"fmt"

	"evidence-locker/report/typeset"
)

// support makes the report for a support desk: a first page that can be acted
// upon alone, then what it rests on.
func (b *builder) support() {
	b.title = fmt.Sprintf(b.s("お問い合わせ資料（案件 %d）", "Incident report (incident %d)"), b.in.Incident.Number)
	b.add(typeset.Heading{Level: 1, Text: b.title, ID: "top"})
	to := b.exchangeName
	if to == "" {
		to = b.notRecorded()
		b.miss(MissingField{"incident.exchange", "取引所", "Exchange", Required, "宛先が決まり、取引所ごとに求められる項目が分かる", "it is whom the report is for, and decides what else is asked", "000", ""})
	}
	b.add(typeset.Paragraph{Spans: typeset.Text(b.s("宛先の取引所：", "To the exchange: ") + to)})
	note, room := b.damageNote(), 690.0
	if len(note) > 0 {
		room -= 65
	}
	b.add(note...)
	b.add(typeset.Fields{LabelWidth: 46, Rows: b.formOnOnePage(room)})
	b.add(typeset.PageBreak{})

	// Transactions before the story: the desk looks them up (recipients.md, rule 13).
	b.section("timeline", b.s("時系列", "Timeline"), b.timeline())
	b.section("attempts", b.s("試みた操作", "Attempts"), b.attempts())
	b.section("orders", b.s("注文", "Orders"), b.orders())
	b.section("transfers", b.s("送金", "Transfers"), b.items("transfer", b.s("送金", "Transfer"), "amount", "network", "txid", "to", "at"))
	b.section("bank", b.s("銀行での入出金", "Bank transfers"), b.items("bank", b.s("銀行", "Bank")))
	b.section("losses", b.lossesTitle(), b.losses())
	b.section("actions", b.s("講じた措置", "Steps taken"), b.lines("action", b.s("措置", "Step"), "step", "text", "result"))
	b.section("contacts", b.s("やり取り", "Correspondence so far"), b.items("contact", b.s("やり取り", "Contact"), "with", "inquiry_no", "at"))
	b.section("circumstances", b.circumstancesTitle(), b.circumstances())
	b.section("errors", b.errorsTitle(), b.errorText())
	b.section("accounts", b.s("利用していた口座", "Accounts used"), b.items("account", b.s("口座", "Account")))
	b.section("other", b.s("そのほかの事実", "Other facts"), b.otherFacts())
	b.section("actors", b.s("相手方", "Other parties"), b.items("actor", b.s("相手方", "Party")))
	b.section("notes", b.s("メモ", "Notes"), b.lines("note", b.s("内容", "Text"), "text"))
	b.section("opinion", b.s("意見・推測", "Opinion"), b.opinions())
	if len(b.exhibits) > 0 {
		b.add(typeset.PageBreak{})
	}
	b.section("exhibits", b.s("資料", "Exhibits"), b.exhibitPages())
	b.section("hashes", b.s("ハッシュ値の一覧", "List of hashes"), b.hashList())
	b.tail()
}

// tail is what every report ends with.
func (b *builder) tail() {
	b.optional("under", b.s("この案件に編入した他の記録", "Records of other incidents that belong here"), b.items("under", b.s("編入", "Item")))
	b.optional("withdrawn", b.s("取り消した記録", "Retracted records"), b.withdrawn())
	b.optional("newer", b.s("解釈できない記録", "Records of a newer version"), b.annex())
	b.optional("damage", b.s("読めない記録", "Damaged records"), b.damage())
	b.optional("custody", b.s("取り扱いの記録", "Custody log"), b.custodyLog())
	b.optional("about", b.s("この文書について", "About this document"), b.about())
}
