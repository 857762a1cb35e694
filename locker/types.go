package locker

import (
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"
)

type (
	Type   = record.Type
	Fields = record.Fields
	Value  = record.Value
	Text   = record.Text
	List   = record.List
	Time   = record.Time
	Amount = record.Amount
	Int    = record.Int
	Field  = record.Field
	Device = record.Device
	Key    = crypto.Key
)

const (
	KindText   = record.KindText
	KindTime   = record.KindTime
	KindAmount = record.KindAmount
	KindList   = record.KindList
	KindInt    = record.KindInt
)

var (
	ParseAmount = record.ParseAmount
	FieldsOf    = record.FieldsOf
	Types       = record.Types
	LookupField = record.LookupField
	_           time.Time
)
