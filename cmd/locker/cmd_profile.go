package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
)

func newProfileCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "profile",
		Flags: []cli.Flag{&cli.StringFlag{Name: "exchange", Usage: "NAME"}},
		Action: func(c *cli.Context) error {
			args, exchange := c.Args().Slice(), c.String("exchange")
			switch {
			case len(args) > 0 && args[0] == "set":
				return runProfileSet(c.Context, e, args[1:], exchange)
			case len(args) > 0 && args[0] != "show":
				err := &usageError{key: "usage.profile", args: []any{args[0]}, command: "profile"}
				if strings.Contains(args[0], "=") {
					err.fixed = e.line.withArgs(append([]string{"set"}, args...))
				}
				return err
			case len(args) > 1:
				return tooMany("profile", args[1:])
			case exchange != "":
				return &usageError{key: "usage.profile-show", command: "profile"}
			}
			return runProfileShow(c.Context, e)
		},
	}
}

// askedOfPerson and askedOfAccount are what profile set asks for, in order.
var (
	askedOfPerson  = []string{"name", "kana", "address", "phone", "email", "age", "birth_date", "occupation"}
	askedOfAccount = []string{"number", "user_id", "email"}
)

// runProfileSet records what is about the person, once for all incidents.
func runProfileSet(ctx context.Context, e *env, pairs []string, exchange string) error {
	now := e.now().At
	p := &plan{now: now, monthFirst: e.names().monthFirst}
	key := ""
	if exchange != "" {
		if key = p.known(exchange, "exchange", e.names().exchange); key == "" {
			return &usageError{key: "usage.profile-blank", command: "profile"}
		}
		for _, problem := range p.problems { // that it is not known
			if len(problem.near) > 0 {
				p.meant(slices.Concat([]string{"profile", "set"}, pairs, []string{"--exchange", problem.near[0]})...)
			}
		}
	}
	if len(pairs) == 0 && !e.canAsk() {
		return &usageError{key: "usage.profile-nothing", example: e.ui.command("profile", "set", "name=NAME")}
	}
	if err := p.profile(pairs, key); err != nil {
		return err
	}
	nothing := func() error {
		for _, problem := range p.problems {
			problem.show(e.ui)
		}
		return &failure{key: "err.nothing-done"}
	}
	a := &adding{e: e, now: now, target: locker.Target{Fixed: true}, plan: func() *plan { return p }}
	switch {
	case len(pairs) == 0:
		a.ask = func(ctx context.Context) (interrupted bool, err error) {
			d := &dialogue{e: e, ctx: ctx, now: now}
			d.tell("form.intro")
			switch p.askProfile(d, key); {
			case !p.empty():
			case d.ended:
				err = context.Canceled
			default:
				err = nothing()
			}
			return d.ended, err
		}
	case p.empty():
		return nothing()
	}
	return a.run(ctx)
}

// profile reads KEY=VALUE pairs. What is of an account needs an exchange; what
// nobody knows the meaning of is kept as a note about the person.
func (p *plan) profile(pairs []string, exchange string) error {
	account := record.Fields{}
	for _, s := range pairs {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return &usageError{key: "usage.profile-pair", args: []any{s}, command: "profile"}
		}
		typ, field, found := profileField(strings.TrimSpace(key), exchange != "")
		switch {
		case !found:
			p.fact(record.Reporter, "note", record.Text(s))
			near := nearest(key, profileFields(exchange != ""))
			p.problem(true, near, "add.unknown-profile", key)
			if len(near) > 0 {
				words := []string{"profile", "set", near[0] + "=" + value}
				if exchange != "" {
					words = append(words, "--exchange", exchange)
				}
				p.meant(words...)
			}
		case typ == record.Account && exchange == "":
			return &usageError{key: "usage.profile-account", args: []any{key}, command: "profile"}
		case p.blank(key, value):
		case typ == record.Account:
			account[field] = record.Text(value)
		default:
			p.fact(record.Reporter, field, record.Text(value))
		}
	}
	p.account(account, exchange)
	return nil
}

// account keeps what is known of the account at an exchange for every incident.
func (p *plan) account(f record.Fields, exchange string) {
	if len(f) > 0 {
		f["exchange"] = record.Text(exchange)
		p.person = append(p.person, locker.Fact{Type: record.Account, Fields: f})
	}
}

// profileField finds what a key of profile set stands for, by its name, its
// path or its Japanese name. Of an account goes before of the person, where one
// is named.
func profileField(key string, account bool) (record.Type, string, bool) {
	types := []record.Type{record.Reporter, record.Account}
	if account {
		slices.Reverse(types)
	}
	for _, t := range types {
		for _, f := range record.FieldsOf(t) {
			path := string(t) + "." + f.Name
			if t == record.Account && f.Name == "exchange" {
				continue
			}
			if key == f.Name || key == path || slices.Contains(labelled(key, []string{path}), path) {
				return t, f.Name, true
			}
		}
	}
	return "", "", false
}

func profileFields(account bool) []string {
	var all []string
	for _, f := range record.FieldsOf(record.Reporter) {
		all = append(all, f.Name)
	}
	if account {
		all = append(all, "number", "user_id", "login_id")
	}
	return all
}

// askProfile asks for what reports want to know of the person, then for the
// accounts; with an exchange, for that account only.
func (p *plan) askProfile(d *dialogue, exchange string) {
	l := d.e.ui.lang
	for _, field := range askedOfPerson {
		if exchange != "" {
			break
		}
		if s := d.text("form.field", l.personLabel(field)); s != "" {
			p.fact(record.Reporter, field, record.Text(s))
		}
	}
	for !d.ended {
		key := exchange
		if key == "" {
			d.tell("form.accounts")
			s := d.exchange()
			if s == "" {
				return
			}
			key = p.known(s, "exchange", d.e.names().exchange)
		}
		f := record.Fields{}
		for _, field := range askedOfAccount {
			if s := d.text("form.account-field", d.e.exchangeName(key), l.personLabel(field)); s != "" {
				f[field] = record.Text(s)
			}
		}
		p.account(f, key)
		if exchange != "" {
			return
		}
	}
}

// personLabel is label where the field is of a person or of an account.
func (l lang) personLabel(field string) string {
	if key := "person." + field; l.has(key) {
		return l.msg(key)
	}
	return l.label(field)
}

// exchangeName is how an exchange is called, or key as it is.
func (e *env) exchangeName(key string) string {
	c, _ := e.books()
	if x, ok := c.Lookup(key); ok {
		return x.Name(string(e.ui.lang))
	}
	return key
}

type jsonProfile struct {
	Person   map[string]any   `json:"person"`
	Accounts []map[string]any `json:"accounts"` // one for each exchange
}

// runProfileShow shows what counts now; show 0 has the history.
func runProfileShow(ctx context.Context, e *env) error {
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	in, err := v.Incident(ctx, k, 0)
	if err != nil {
		return err
	}
	e.ui.damage(in.Damaged)
	person, accounts := e.profile(in)
	switch {
	case e.ui.asJSON:
		out := jsonProfile{map[string]any{}, []map[string]any{}}
		maps.Copy(out.Person, fieldsJSON(person))
		for _, f := range accounts {
			out.Accounts = append(out.Accounts, fieldsJSON(f))
		}
		err = e.ui.printJSON(out)
	case len(person)+len(accounts) == 0 && len(in.Damaged) == 0:
		return &failure{key: "err.no-person", hint: "hint.no-person"}
	default:
		l := e.ui.lang
		for _, name := range fieldNames(record.Reporter, person) {
			e.ui.print(l.personLabel(name) + ": " + l.value(person[name]))
		}
		for _, f := range accounts {
			e.ui.print(l.typeName(record.Account) + " " + l.fields(record.Account, f))
		}
	}
	if err == nil && len(in.Damaged) > 0 {
		e.ui.advise("hint.damaged")
		err = errDamage
	}
	return err
}

// profile returns the newest value of each field about the person, and of each
// field of the account at each exchange.
func (e *env) profile(in *locker.Incident) (person record.Fields, accounts []record.Fields) {
	person = record.Fields{}
	for _, r := range in.All(record.Reporter) {
		maps.Copy(person, r.Fields)
	}
	c, _ := e.books()
	at := map[string]int{}
	for _, r := range in.All(record.Account) {
		key := textOf(r.Fields, "exchange")
		if x, ok := c.Lookup(key); ok {
			key = x.Key
		}
		i, ok := at[key]
		if !ok {
			i = len(accounts)
			at[key] = i
			accounts = append(accounts, record.Fields{})
		}
		maps.Copy(accounts[i], r.Fields)
	}
	return person, accounts
}
