package jsontemplate

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cli/go-gh/v2/pkg/template"
)

const document = `{
	"name": "octo/analytics", "empty": "", "text": "a <b> & \"c\" 'd' = é\u0007\u2028 \u0000", "lines": "first\nsecond",
	"n": 3, "big": 1234567, "pi": 3.14159, "half": 0.5, "minus": -2, "zero": 0, "huge": 1e300,
	"yes": true, "no": false, "null": null, "none": [], "void": {},
	"list": ["x", "y", "z"], "mixed": ["s", 1, 2.25, true, false, null, 10000000], "deep": [[1, 2], [3], null, {"k": [5]}],
	"map": {"b": 2, "a": 1, "c": {"d": {"e": "bottom"}}, "null": null},
	"people": [
		{"login": "ada", "name": "Ada Lovelace", "age": 36},
		{"login": "octocat", "name": null, "age": 12.5},
		{"login": "hubot", "name": "A name that is much longer than the width of the table, surely", "age": 1e7}],
	"then": "2020-02-29T12:30:00Z", "future": "2999-01-01T00:00:00Z", "offset": "2021-06-01T00:00:00+02:00", "bad": "yesterday",
	"wide": "日本語の文字列です", "and": 1, "Upper": "case"
}`

// templates are executed on every document of TestSameAsText.
var templates = []string{
	// text, comments, trimming
	``, `plain`, `a{{/* comment */}}b`, "a  {{- 1 -}}  b", "{{- /* c */ -}}  x", "{{\"quoted\\n\"}}{{`raw\\n`}}", `{{"{{"}}`,
	// data
	`{{.}}`, `{{$}}`, `{{.name}}`, `{{.missing}}`, `{{.null}}`, `{{.missing.more}}`, `{{.null.more}}`, `{{(.null).more}}`, `{{$x := .null}}{{$x.more}}`,
	`{{.name.more}}`, `{{.n.more}}`, `{{.list.more}}`, `{{.map.c.d.e}}`, `{{$.map.c}}`, `{{(.map).c.d}}`, `{{.map.null.x}}`, `{{.map.x.y.z}}`, `{{.big}} {{.pi}} {{.huge}} {{.n}}`,
	`{{.map}} {{.list}} {{.mixed}} {{.none}} {{.void}}`, `{{.name 1}}`, `{{.missing 1}}`, `{{.missing.x 1}}`, `{{1 | .name}}`, `{{1 | .missing}}`, `{{.Upper}}{{.and}}`,
	`{{$x := .map}}{{$x.c.d.e}}`, `{{$x := 1}}{{$x 2}}`, `{{$x := 1}}{{2 | $x}}`, `{{(index .list 0) 1}}`, `{{1 | (print)}}`, `{{1 | 2}}`, `{{"a" "b"}}`, `{{. 1}}`, `{{true 1}}`,
	// literals
	`{{1}} {{-1}} {{1.0}} {{1e3}} {{0x1F}} {{0b101}} {{0o17}} {{1_000}} {{'a'}} {{'\n'}} {{true}} {{false}} {{"s"}}`, `{{1.5}} {{1e100}} {{.5}}`, `{{0x1p4}}`, `{{-0x1e}}`, `{{printf "%d" -0x1e}}`,
	`{{1i}} {{2+3i}} {{0i}}`, `{{printf "%T %T %T" 'e' '.' 0xep0}}`, `{{nil}}`, `{{print nil}}`, `{{9223372036854775807}}`, `{{9223372036854775808}}`, `{{18446744073709551616}}`, `{{print 9223372036854775808}}`, `{{1 | printf "%T"}} {{1.0 | printf "%T"}} {{'a' | printf "%T"}} {{0x1e | printf "%T"}}`,
	`{{nil | print}}`, `{{print nil nil 1 "a" 2 3}}`, `{{(nil)}}`, `{{nil.x}}`, `{{"s".x}}`,
	// variables
	`{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}`, `{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}`, `{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}`, `{{$x}}`, `{{$x = 1}}`, `{{$x = 1}}{{$x}}`, `{{range $x = .list}}{{end}}`, `{{with $x = 1}}{{end}}`, `{{$y := 1}}{{range $x, $y = .list}}{{end}}`, `{{$x := 1}}{{define "t"}}{{$x}}{{end}}`,
	`{{if $x := .n}}{{$x}}{{else}}{{$x}}{{end}}`, `{{if $x := .zero}}{{$x}}{{else}}no {{$x}}{{end}}`, `{{with $x := .map}}{{$x.a}}{{.b}}{{end}}`, `{{$ = 1}}{{$}}`, `{{$x := .list}}{{range $x}}{{.}}{{end}}`, `{{$x, $y := 1}}`,
	`{{range .list}}{{$x := .}}{{end}}{{range .list}}{{$y := .}}{{$y}}{{end}}`, `{{$x := 1 | print}}{{$x}}`, `{{print ($x := 1)}}{{$x}}`,
	// if and with
	`{{if .yes}}y{{end}}{{if .no}}n{{end}}{{if .null}}n{{end}}{{if .missing}}n{{end}}{{if .zero}}n{{end}}{{if .empty}}n{{end}}{{if .none}}n{{end}}{{if .void}}n{{end}}`, `{{if 1i}}y{{end}}{{if 0i}}n{{end}}{{if index "a" 0}}y{{end}}{{if index "\x00" 0}}n{{end}}`,
	`{{if .no}}a{{else if .yes}}b{{else}}c{{end}}`, `{{if .no}}a{{else if .no}}b{{else}}c{{end}}`, `{{with .map}}{{.a}}{{else}}x{{end}}`, `{{with .null}}a{{else}}{{.name}}{{end}}`, `{{with .null}}a{{else with .map}}{{.b}}{{else}}c{{end}}`, `{{with .null}}a{{else with .none}}b{{else}}{{.n}}{{end}}`,
	`{{if}}x{{end}}`, `{{if 1}}`, `{{end}}`, `{{else}}`, `{{if 1}}{{else}}{{else}}{{end}}`, `{{with $x := "a"}}{{$.name}}{{$x}}{{.}}{{end}}`,
	// range
	`{{range .list}}<{{.}}>{{end}}`, `{{range .none}}x{{else}}none{{end}}`, `{{range .null}}x{{else}}null{{end}}`, `{{range .missing}}x{{else}}missing{{end}}`, `{{range .map}}<{{.}}>{{end}}`, `{{range $k, $v := .map}}{{$k}}={{$v}};{{end}}`, `{{range $v := .map}}{{$v}};{{end}}`, `{{range $i, $v := .mixed}}{{$i}}={{$v}};{{end}}`,
	`{{range 3}}{{.}}{{end}}`, `{{range 0}}x{{else}}zero{{end}}`, `{{range -1}}x{{else}}minus{{end}}`, `{{range $i := 3}}{{$i}}{{.}}{{end}}`, `{{range $i, $j := 3}}x{{end}}`, `{{range $i, $j := 0}}x{{end}}`, `{{range len .list}}{{.}}{{end}}`, `{{range index "\x03" 0}}{{.}}{{printf "%T" .}}{{end}}`,
	`{{range .n}}x{{end}}`, `{{range .name}}x{{end}}`, `{{range .yes}}x{{end}}`, `{{range 1i}}x{{end}}`, `{{range .mixed}}{{.x}}{{end}}`, `{{range .deep}}{{.}}{{end}}`, `{{range $x := .deep}}{{$x.k}}{{end}}`, `{{range slice .deep 2}}{{.k}}{{end}}`, `{{range $i, $x := slice .deep 2 3}}{{$x}}{{$x.k}}{{end}}`,
	`{{range .list}}{{if eq . "y"}}{{break}}{{end}}{{.}}{{end}}`, `{{range .list}}{{if eq . "y"}}{{continue}}{{end}}{{.}}{{end}}`, `{{break}}`, `{{continue}}`, `{{range .none}}{{else}}{{break}}{{end}}`, `{{range .list}}{{range $.none}}{{else}}{{break}}{{end}}X{{end}}`, `{{range .list}}{{range $.none}}{{else}}{{continue}}{{end}}X{{end}}`, `{{range .list}}{{with 1}}{{$y := 1}}{{continue}}{{end}}{{end}}ok`,
	`{{$i := 0}}{{$e := 0}}{{range $i, $e = .list}}{{end}}{{$i}}{{$e}}`, `{{$e := 0}}{{range $e = .list}}{{end}}{{$e}}`, `{{$e := 0}}{{range $e = .none}}{{else}}{{$e}}{{end}}`, `{{range $e := .none}}{{else}}{{$e}}{{end}}`, `{{range $i, $e := .null}}{{else}}{{$i}}{{$e}}{{end}}`, `{{$e := 1}}{{range $e = 3}}{{end}}{{$e}}`, `{{range $x, $x := .list}}{{$x}}{{end}}`, `{{$x := 0}}{{range $x, $x = .list}}{{$x}}{{end}}`,
	`{{range $i, $p := .people}}{{if $i}}, {{end}}{{$p.login}}{{end}}`, `{{range .people}}{{.name}} {{$.n}}{{"\n"}}{{end}}`, `{{range $a, $b, $c := .list}}{{end}}`, `{{range .list}}{{define "x"}}{{end}}{{end}}`, `{{range .list}}{{range $.list}}{{.}}{{break}}{{end}}{{.}}{{end}}`,
	// templates
	`{{define "t"}}[{{.}}]{{end}}{{template "t" .n}}{{template "t"}}`, `{{template "nowhere"}}`, `{{block "b" .map}}{{.a}}{{end}}`, `{{define "b"}}x{{end}}{{block "b" .map}}{{.a}}{{end}}`, `{{define "t"}}{{$}}{{end}}{{$x := 2}}{{template "t" $x}}`, `{{define "t"}}{{.x}}{{end}}{{template "t" .null}}`, `{{define "t"}}{{.x}}{{end}}{{template "t" .n}}`,
	`{{define "down"}}{{with slice . 1}}{{.}} {{template "down" .}}{{end}}{{end}}{{template "down" .list}}`, `{{define ""}}x{{end}}`, `{{define ""}}x{{end}}y`, `{{define "a"}}1{{end}}{{define "a"}}2{{end}}`, `{{define "a"}}{{end}}{{template "a"}}`, `{{template "t" $y := 1}}{{define "t"}}{{.}}{{end}}{{$y}}`,
	`{{define "t"}}{{range .}}{{template "u" .}}{{end}}{{end}}{{define "u"}}({{.}}){{end}}{{template "t" .list}}`, `{{template .name}}`, `{{range .list}}{{template "t" .}}{{end}}{{define "t"}}{{break}}{{end}}`,
	// index, slice, len
	`{{index .list 0}}{{index .list 2}}`, `{{index .list 3}}`, `{{index .list -1}}`, `{{index .list .n}}`, `{{index .list "0"}}`, `{{index .list nil}}`, `{{index .list}}`, `{{index .map "a"}}{{index .map "x"}}{{index .map "null"}}`, `{{index .map "c" "d" "e"}}`, `{{index .map "x" "y"}}`, `{{index .map 1}}`, `{{index .map nil}}`, `{{index .map .null}}`, `{{index .map .missing}}`, `{{index .n 0}}`, `{{index .null 0}}`, `{{index .null}}`, `{{index nil}}`,
	`{{index}}`, `{{index .name 0}}`, `{{index .name 100}}`, `{{index .empty 0}}`, `{{index .deep 3 "k" 0}}`, `{{index .deep 2 0}}`, `{{(index .map "c").d.e}}`, `{{(index .map "null").d.e}}`, `{{"a" | index .map}}`, `{{index .list (index "\x01" 0)}}`, `{{index .list 1.0}}`, `{{index .list '\x01'}}`, `{{index .yes 0}}`, `{{index .deep 0 1}}`, `{{index .deep 0 2}}`,
	`{{slice .list}} {{slice .list 1}} {{slice .list 1 2}} {{slice .list 1 2 3}} {{slice .list 3}} {{slice .list 0 0}}`, `{{slice .list 0 4}}`, `{{slice .list 0 5}}`, `{{slice .list 4}}`, `{{slice .list 2 1}}`, `{{slice .list 0 3 2}}`, `{{slice .list 1 2 3 4}}`, `{{slice .list -1}}`, `{{slice .list .n}}`, `{{slice .list nil}}`, `{{slice .name 5}} {{slice .name 0 4}}`, `{{slice .name 0 1 2}}`, `{{slice .name 0 100}}`, `{{slice .name 3 2}}`, `{{slice .wide 0 1}}`, `{{slice .n}}`, `{{slice .null}}`, `{{slice .map}}`, `{{slice (slice .mixed 0 2) 0 5}}`, `{{slice (slice .mixed 0 2 3) 0 4}}`, `{{slice .list (len .none) 1}}`, `{{slice .map 1 2 3 4}}`, `{{slice .name 1 2 3 4}}`,
	`{{len .list}} {{len .map}} {{len .name}} {{len .wide}} {{len .none}} {{len .empty}}`, `{{len .n}}`, `{{len .null}}`, `{{len .missing}}`, `{{len nil}}`, `{{len}}`, `{{len 1 2}}`, `{{len 3}}`, `{{.list | len}}`, `{{len true}}`,
	// logic
	`{{and 1 0 2}} {{and 1 2}} {{or 0 "" 3}} {{or 0 ""}} {{not 0}} {{not 1}}`, `{{and}}`, `{{or}}`, `{{not}}`, `{{not 1 2}}`, `{{and .no (index .list 9)}}`, `{{or .yes (index .list 9)}}`, `{{or .no (index .list 9)}}`, `{{and .null}}`, `{{or .null .missing}}`, `{{and nil}}`, `{{or nil 1}}`, `{{1 | and}}`, `{{.null | or}}`, `{{3 | and 0}} {{3 | and 1}} {{3 | or 0}} {{3 | or 1}}`, `{{and .map.c.d .map.c.d.e}}`, `{{(and .map .map.c).d.e}}`, `{{(or .null .null).d.e}}`, `{{join "," (or .null .list)}}`, `{{join "," (and .null)}}`, `{{and .list 1}}`,
	// comparison
	`{{eq 1 1}} {{eq 1 2}} {{eq 1 2 1}} {{eq "a" "a"}} {{eq true true}} {{eq 1.5 1.5}} {{eq 1i 1i}}`, `{{eq 1}}`, `{{eq}}`, `{{eq .n 3}}`, `{{eq .n 3.0}}`, `{{eq .name "octo/analytics"}}`, `{{eq .null nil}} {{eq nil nil}} {{eq .missing nil}} {{eq .null .missing}} {{eq .name nil}} {{eq nil .n}}`, `{{eq .list nil}} {{eq .map nil}} {{eq .none nil}}`, `{{eq .list .list}}`, `{{eq .map .map}}`, `{{eq .list .map}}`, `{{eq .list 1}}`, `{{eq (pluck "x" .none) nil}} {{eq nil (pluck "x" .none)}} {{eq (pluck "x" .none) .list}} {{eq (pluck "x" .none) (pluck "x" .none)}}`, `{{eq (pluck "x" .none) .map}}`, `{{eq (pluck "x" .none) "a"}}`, `{{eq "a" (pluck "x" .none)}}`,
	`{{eq (index "a" 0) 97}} {{eq 'a' (index "a" 0)}} {{lt (index "a" 0) 98}} {{lt 96 (index "a" 0)}} {{eq (index "a" 0) (index "a" 0)}} {{lt (index "a" 0) (index "b" 0)}} {{eq -1 (index "a" 0)}} {{lt (index "a" 0) -1}}`, `{{eq (index "a" 0) "a"}}`, `{{eq 1 1 "a"}} {{eq 1 2 "a"}}`, `{{1 | eq 1}}`, `{{ne 1 2}} {{ne 1 1}} {{ne "a" "b"}}`, `{{ne 1 2 3}}`, `{{ne .list .list}}`, `{{ne 1 "a"}}`,
	`{{lt 1 2}} {{le 2 2}} {{gt 2 1}} {{ge 1 2}} {{lt "a" "b"}} {{ge "b" "a"}} {{lt .pi 3.2}} {{gt .n 2.5}} {{le .n .n}}`, `{{lt 1 1.0}}`, `{{lt true false}}`, `{{lt 1i 2i}}`, `{{lt nil 1}}`, `{{lt 1 nil}}`, `{{lt .list .list}}`, `{{gt .n 3}}`, `{{le "a" 1}}`, `{{ge .null 1}}`, `{{lt 1}}`, `{{gt true true}}`, `{{le true true}}`, `{{ge .map .map}}`,
	// print and escape
	`{{print}}|{{print 1 2 "a" "b" 3 nil}}|{{println "a" 1}}|{{println}}`, `{{printf "%v %s %d %q %5.2f|%-5s|%05d" .n .name 7 "q" .pi "ab" 42}}`, `{{printf}}`, `{{printf 1}}`, `{{printf .n}}`, `{{printf "%d" .n}}`, `{{printf "%s"}}`, `{{printf "x" 1}}`, `{{printf "%T %T %T %T" .n .list .map .null}}`, `{{printf "#%v" .big}}`, `{{printf "%v %+v %#v" .list .map .null}}`, `{{printf nil}}`, `{{printf .null}}`, `{{printf .missing}}`, `{{printf "%[2]d %[1]d" 1 2}}`, `{{.n | printf "%.1f"}}`, `{{"%v" | printf}}`, `{{print .null .missing}}`, `{{print (index "a" 0)}}`,
	`{{html .text}}|{{js .text}}|{{urlquery .text}}`, `{{html .null}} {{html nil}} {{html 1 2 "x<"}} {{html}}`, `{{js .wide}} {{js "\xff\x7f é\n"}}`, `{{urlquery .null 1}}`, `{{html .list .map}}`, `{{html .missing .null}}`, `{{.text | html | js | urlquery}}`, "{{js \"\u200b\U0001F600\U000E0001\"}}",
	// call and unknown
	`{{call .n}}`, `{{call nil}}`, `{{call}}`, `{{call .null 1}}`, `{{unknown}}`, `{{.n | unknown}}`, `{{upper "a"}}`, `{{printf (}}`, `{{`, `{{"`, `{{.a.}}`, `{{..}}`, `{{1a}}`, `{{$}`, `{{range}}{{end}}`, `{{define}}{{end}}`, `{{template}}`, `{{"\q"}}`, `{{''}}`, "{{\n\n.n.x}}", "line\nline {{.n.x}}",
	// strings
	`{{contains "octo" .name}} {{hasPrefix "octo" .name}} {{hasSuffix "octo" .name}} {{regexMatch "^o.*s$" .name}} {{replace "o" "0" .name}}`, `{{regexMatch "(" .name}}`, `{{contains "a" .n}}`, `{{contains "a" .null}}`, `{{contains "a" .missing}}`, `{{contains 1 "a"}}`, `{{contains nil "a"}}`, `{{contains true "a"}}`, `{{contains 'a' "a"}}`, `{{contains "a"}}`, `{{.name | contains "o"}}`, `{{.null | contains "o"}}`, `{{.n | contains "o"}}`, `{{replace "a" "b"}}`, `{{.name | replace "o" "a"}}`, `{{replace "" "-" "ab"}}`, `{{contains . "a"}}`, `{{contains (print 1) "1"}}`, `{{contains print "a"}}`, `{{contains $ "a"}}`,
	// colours and links
	`{{autocolor "green" .name}} {{color "red+b:white" .name}} {{color "" .n}} {{color "nonsense" .pi}} {{color "off" .yes}} {{color "reset" "x"}} {{color "213" .null}}`, `{{color "red" .list}}`, `{{color "red" 1}}`, `{{autocolor "red" (len .name)}}`, `{{color "red" .missing}}`, `{{autocolor "red" .map}}`, `{{color 1 "x"}}`, `{{color "red"}}`, `{{.name | autocolor "blue+h"}}`, `{{color "red" 1.5}} {{color "red" .minus}} {{color "x:y+h" true}}`,
	`{{hyperlink "https://example.com" "text"}}{{hyperlink "https://example.com" ""}}`, `{{hyperlink "a"}}`, `{{hyperlink .n "a"}}`,
	// lists
	`{{join ", " .list}}|{{join "" .mixed}}|{{join "-" .none}}`, `{{join "," .null}}`, `{{join "," .missing}}`, `{{.null | join ","}}`, `{{.list | join ","}}`, `{{join "," .name}}`, `{{join "," .deep}}`, `{{join "," nil}}`, `{{join "," "a"}}`, `{{join "," 1}}`, `{{join 1 .list}}`, `{{join "," true}}`, `{{join nil .list}}`, `{{join "," .map}}`, `{{join "," .}}`,
	`{{pluck "login" .people}} {{pluck "nothing" .people}} {{pluck "x" .none}}`, `{{pluck "name" .people | join "|"}}`, `{{pluck "x" .list}}`, `{{pluck "x" .mixed}}`, `{{pluck "x" .null}}`, `{{pluck "x" .missing}}`, `{{pluck "x" .map}}`, `{{range pluck "age" .people}}{{.}},{{end}}`, `{{if pluck "x" .none}}a{{else}}b{{end}}`, `{{slice (pluck "login" .people) 0 4}}`, `{{slice (pluck "login" .people) 0 5}}`, `{{pluck "x" .deep}}`, `{{join "," (pluck "age" .people)}}`, `{{slice (pluck "x" .none)}}`, `{{printf "%#v" (pluck "x" .none)}}`,
	// truncation
	`{{truncate 5 .name}}|{{truncate 4 .name}}|{{truncate 100 .name}}|{{truncate 0 .name}}|{{truncate -1 .name}}`, `{{truncate 7 .wide}}|{{truncate 6 .wide}}`, `{{truncate 5 .null}}|{{truncate 5 .missing}}`, `{{truncate 5 .n}}`, `{{truncate 5 .list}}`, `{{truncate .n .name}}`, `{{truncate 5.0 .name}} {{truncate 'a' .name}} {{truncate 0x5 .name}} {{truncate 1e1 .name}} {{truncate 5+0i .name}}`, `{{truncate 5.5 .name}}`, `{{truncate "5" .name}}`, `{{truncate nil .name}}`, `{{truncate true .name}}`, `{{truncate (len .list) .name}}`, `{{truncate (index "a" 0) .name}}`, `{{truncate .missing .name}}`, `{{truncate 1i .name}}`, `{{truncate 5}}`, `{{.name | truncate 5}}`, `{{$x := 5}}{{truncate $x .name}}`, `{{truncate 9223372036854775807 .name}}`, `{{truncate 18446744073709551615 .name}}`,
	// times
	`{{timefmt "2006-01-02" .then}} {{timefmt "Mon, 02 Jan 2006 15:04:05 MST" .offset}}`, `{{timefmt "2006" .bad}}`, `{{timefmt "2006" .null}}`, `{{timefmt .then}}`, `{{timeago .then}} {{timeago .future}} {{timeago .offset}}`, `{{timeago .bad}}`, `{{timeago .n}}`, `{{timeago .missing}}`, `{{timeago}}`, `{{timeago "0001-01-01T00:00:00Z"}}`,
	// tables
	`{{range .people}}{{tablerow .login .name .age}}{{end}}`, `before{{"\n"}}{{tablerow "LOGIN" "NAME"}}{{range .people}}{{tablerow .login .name}}{{end}}{{tablerender}}between{{"\n"}}{{tablerow "a" .n}}after`, `{{range .people}}{{tablerow (printf "#%v" .age | autocolor "green") .login (.name | color "red")}}{{end}}`, `{{tablerow}}`, `{{tablerow}}{{tablerow "a" "b"}}`, `{{tablerow}}{{tablerow}}{{tablerow "a"}}`, `{{tablerow "a" "b"}}{{tablerow}}{{tablerow "c" "d"}}`, `{{tablerow "a"}}{{tablerow "b" "c"}}`, `{{tablerow "a"}}{{tablerow "b" "c"}}x{{tablerender}}y`, `{{tablerow "a" "b"}}{{tablerow "c"}}`, `{{tablerender}}`, `{{tablerender 1}}`, `{{tablerow .list}}`, `{{tablerow "a" 1}}`, `{{tablerow .null .missing .yes .pi .big}}`, `{{tablerow .lines .wide}}`, `{{tablerow .lines .wide}}{{.n.x}}`, `{{tablerow "a"}}{{tablerender}}{{.n.x}}`, `{{print tablerender tablerow}}`, `{{tablerow "\x1b[31mred\x1b[m" "b"}}{{tablerow "x" "y"}}`, `{{tablerow .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name .name}}`, `{{"x" | tablerow "a"}}`, `{{.null | tablerow}}`, `{{call (tablerow "a")}}`,
	// nodes of every kind as arguments
	`{{print . .n $ $.n (print 1) (.map).a print nil true 'c' 1.5 "s"}}`, `{{print (print).x}}`, `{{print.x}}`, `{{print print.x}}`, `{{len (.map).c}}`, `{{len .map.c}}`, `{{contains .name $.name}}`, `{{contains (.name) ($.name)}}`, `{{contains (.map).x "a"}}`, `{{contains (.map).null "a"}}`, `{{(print "a" | print "b")}}`, `{{((((1))))}}`, `{{(.map | len) | print}}`, `{{print (.null).x.y}}`, `{{(index .deep 2).x}}`, `{{$x := index .deep 2}}{{$x.y}}`,
}

// documents are those that the templates are executed on.
var documents = []string{
	document,
	`null`, `{}`, `[]`, `3`, `"text"`, `true`, `[1,"two",null,{"name":"three"}]`,
	`{"name":1,"n":"3","list":{"a":[]},"map":[{"c":1}],"people":{"login":1},"null":"no","none":null,"yes":[],"text":[["<"]],"then":null,"deep":"deep"}`,
	`{"list":null,"name":null,"map":null,"people":[{"login":null},{}],"n":null,"deep":[null,null,null,null],"mixed":[]}`,
	``, `{`, `1 2`, `"\ud800"`,
}

// errPanic means that go-gh panicked, as it does on tables whose rows do not fit each other.
var errPanic = errors.New("panic")

// viaText is what go-gh makes of a template: the output, and the error.
func viaText(source, data string, o Options) (out string, err error) {
	var b bytes.Buffer
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	t := template.New(&b, o.Width, o.Color)
	if err := t.Parse(source); err != nil {
		return b.String(), err
	}
	if err := t.Execute(strings.NewReader(data)); err != nil {
		return b.String(), err
	}
	err = t.Flush()
	return b.String(), err
}

func execute(source, data string, o Options) (string, error) {
	var b bytes.Buffer
	err := Execute(&b, source, []byte(data), o)
	return b.String(), err
}

// place is the part of an error that says where it happened.
func place(err error) string {
	text := err.Error()
	if i := strings.Index(text, ">: "); i >= 0 && strings.HasPrefix(text, "template: ") {
		return text[:i]
	}
	return ""
}

func compare(t *testing.T, source, data string, o Options) {
	t.Helper()
	want, wantErr := viaText(source, data, o)
	got, err := execute(source, data, o)
	if wantErr == errPanic {
		return
	}
	// go-gh ends what it shortens with a reset of its own, we with the one that was there.
	got, want = strings.ReplaceAll(got, "\x1b[0m", "\x1b[m"), strings.ReplaceAll(want, "\x1b[0m", "\x1b[m")
	if got != want || (err == nil) != (wantErr == nil) {
		t.Errorf("%s\non %.60s\n got %q, %v\nwant %q, %v", source, data, got, err, want, wantErr)
	} else if err != nil && place(err) != place(wantErr) {
		t.Errorf("%s\non %.60s\nthe error is placed differently:\n got %v\nwant %v", source, data, err, wantErr)
	}
}

func TestSameAsText(t *testing.T) {
	for _, source := range templates {
		for _, data := range documents {
			compare(t, source, data, Options{Width: 80})
		}
		compare(t, source, document, Options{Width: 20, Color: true})
		compare(t, source, document, Options{})
	}
}

func TestTimeAgoCountsFromNow(t *testing.T) {
	then := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for ago, want := range map[time.Duration]string{
		-time.Hour: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 119 * time.Second: "1 minute ago",
		59 * time.Minute: "59 minutes ago", time.Hour: "1 hour ago", 23 * time.Hour: "23 hours ago", day: "1 day ago",
		29 * day: "29 days ago", 30 * day: "1 month ago", 364 * day: "12 months ago", 365 * day: "1 year ago", 900 * day: "2 years ago",
	} {
		now := func() time.Time { return then.Add(ago) }
		got, err := execute(`{{timeago .}}`, `"2026-03-01T12:00:00Z"`, Options{Now: now})
		if got != want || err != nil {
			t.Errorf("%v: got %q, %v, want %q", ago, got, err, want)
		}
	}
}

func TestTemplatesThatCallThemselvesEnd(t *testing.T) {
	for _, source := range []string{
		`{{define "t"}}{{template "t"}}{{end}}{{template "t"}}`,
		`{{define ""}}{{template ""}}{{end}}`,
	} {
		_, err := execute(source, `{}`, Options{})
		if err == nil || !strings.Contains(err.Error(), "exceeded maximum template depth (100000)") {
			t.Errorf("%s: got %v", source, err)
		}
	}
	const down = `{{define "t"}}{{if .}}{{template "t" (slice . 1)}}{{else}}end{{end}}{{end}}{{template "t" .}}`
	if got, err := execute(down, `"`+strings.Repeat("x", maxDepth-2)+`"`, Options{}); got != "end" || err != nil {
		t.Errorf("a deep template below the limit: got %q, %v", got, err)
	}
}

func TestDocumentsShareATable(t *testing.T) {
	var b bytes.Buffer
	tmpl, err := New(&b, `{{range .}}{{tablerow . "end"}}{{end}}`, Options{Width: 80})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{`["a"]`, `["a long one", "b"]`} {
		if err := tmpl.Execute([]byte(page)); err != nil || b.Len() > 0 {
			t.Fatalf("after %s: %q, %v", page, &b, err)
		}
	}
	if err := tmpl.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "a           end\na long one  end\nb           end\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorsOfTheWriterAreReturned(t *testing.T) {
	full := errors.New("disk full")
	for _, source := range []string{`text`, `{{.}}`, `{{tablerow "a"}}`, `{{tablerow "a"}}{{tablerender}}`} {
		if err := Execute(failingWriter{full}, source, []byte(`1`), Options{Width: 80}); !errors.Is(err, full) {
			t.Errorf("%s: got %v", source, err)
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestErrorsSayWhatIsWrong(t *testing.T) {
	for source, want := range map[string]string{
		"a\n{{.n.x}}":                          `template: :2:4: executing "" at <.n.x>: can't evaluate field x in type float64`,
		`{{index .list 3}}`:                    `template: :1:2: executing "" at <index .list 3>: error calling index: index out of range: 3`,
		`{{tablerow 1.5}}{{len .n}}`:           `template: :1:18: executing "" at <len .n>: error calling len: len of type float64`,
		`{{pluck "x" .list}}`:                  `template: :1:2: executing "" at <pluck "x" .list>: error calling pluck: list of objects expected; found an element of type string`,
		`{{unknown}}`:                          `template: :1: function "unknown" not defined`,
		`{{tablerow 1.5}}{{tablerow "a" "b"}}`: `failed to render table: a row has 2 fields, the first one 1`,
	} {
		if _, err := execute(source, document, Options{}); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", source, err, want)
		}
	}
	if _, err := execute(`x`, `{`, Options{}); err == nil || !strings.HasPrefix(err.Error(), "decode the data for the template: ") {
		t.Errorf("got %v", err)
	}
}

// Linking text/template would cost megabytes: it calls methods by name, so that the linker drops none.
func TestLinksNoTextTemplate(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	linked := strings.Fields(string(out))
	if !slices.Contains(linked, "text/template/parse") {
		t.Fatalf("go list does not say what is linked:\n%s", out)
	}
	for _, path := range linked {
		if path == "text/template" || path == "html/template" || strings.Contains(path, "sprig") {
			t.Errorf("%s is linked", path)
		}
	}
}

// FuzzSameAsText looks for templates that come out otherwise than with text/template, or that panic.
func FuzzSameAsText(f *testing.F) {
	for i, source := range templates {
		f.Add(source, documents[0])
		f.Add(source, documents[1+i%(len(documents)-1)])
	}
	f.Fuzz(func(t *testing.T, source, data string) {
		if !endsSoon(source) {
			return
		}
		o := Options{Width: 40, Color: len(source)%2 == 0}
		if unusualWidth.MatchString(source) && (strings.ContainsAny(source, "\\`\x1b") || unusual.MatchString(source+data)) {
			execute(source, data, o) // that it does not panic is enough: go-gh measures some of Unicode otherwise
			return
		}
		compare(t, source, data, o)
	})
}

var (
	unusualWidth = regexp.MustCompile(`tablerow|truncate`)
	unusual      = regexp.MustCompile(`[^ -~]|\\u`)
)

// endsSoon keeps long loops, wide output and templates that call themselves out of the fuzzing: text/template takes minutes
// to come back from a deep template in a range.
func endsSoon(source string) bool {
	calls := strings.Count(source, "template") + strings.Count(source, "block")
	ranges := strings.Count(source, "range")
	if len(source) > 2000 || ranges > 3 || calls > 3 || calls > 1 && ranges > 0 {
		return false
	}
	return !longNumber.MatchString(source)
}

var longNumber = regexp.MustCompile(`[0-9a-fA-F_xX]{4,}|range *\(*[0-9-]{3}|[eEpP][+0-9]|'`)

// FuzzGeneratedSameAsText does the same with templates that parse, made at random from a seed.
func FuzzGeneratedSameAsText(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := generator{rand.New(rand.NewPCG(seed, 0))}
		source := g.list(3)
		data := documents[0]
		if g.IntN(4) == 0 {
			data = g.oneOf(documents...)
		}
		compare(t, source, data, Options{Width: g.IntN(60), Color: g.IntN(2) == 0})
	})
}

// generator makes templates. All variables it uses are declared at the top.
type generator struct{ *rand.Rand }

func (g generator) oneOf(choices ...string) string { return choices[g.IntN(len(choices))] }

func (g generator) list(depth int) string {
	var b strings.Builder
	if depth == 3 {
		b.WriteString(`{{define "t"}}[{{.}}{{$}}]{{end}}{{$x := ` + g.pipeline(1) + `}}{{$y := 1}}`)
	}
	for range 1 + g.IntN(3) {
		b.WriteString(g.node(depth))
	}
	return b.String()
}

func (g generator) node(depth int) string {
	kind := g.IntN(10)
	if depth == 0 {
		kind %= 5
	}
	p := g.pipeline(2)
	switch kind {
	case 0:
		return g.oneOf("text ", "\n", " - ", "{{/* c */}}", "{{- 1 -}}")
	case 1:
		return "{{" + g.oneOf("$x", "$y") + g.oneOf(" := ", " = ") + p + "}}"
	case 2:
		return `{{template "t" ` + p + `}}`
	case 5:
		return "{{if " + p + "}}" + g.list(depth-1) + "{{else if " + g.pipeline(2) + "}}" + g.list(depth-1) + "{{end}}"
	case 6:
		return "{{with " + g.oneOf("", "$x := ", "$x = ") + p + "}}" + g.list(depth-1) + "{{else}}" + g.list(depth-1) + "{{end}}"
	case 7, 8:
		return "{{range " + g.oneOf("", "", "$x := ", "$y, $x := ", "$x = ", "$x, $y = ") + g.looped(p) + "}}" + g.list(depth-1) +
			g.oneOf("", "{{break}}", "{{continue}}", "{{if eq . $x}}{{break}}{{end}}") + "{{else}}" + g.list(depth-1) + "{{end}}"
	}
	return "{{" + p + "}}"
}

func (g generator) looped(p string) string {
	return g.oneOf("$.list", "$.mixed", "$.people", "$.map", "$.deep", "$.none", "3", "$.null", "$x", p)
}

func (g generator) pipeline(depth int) string {
	p := g.command(depth)
	for g.IntN(5) == 0 {
		p += " | " + g.oneOf("print", "len", "html", "js", "and 1", "or nil", `printf "%v"`, `eq "a"`, `tablerow "a"`, `index $.map`, `contains "a"`, "truncate 4", `join ","`, "not", g.command(depth))
	}
	return p
}

// commands are written with letters for their arguments: Any, List, Object, String, Number as an int, Time.
var commands = []string{"and A A", "or A A A", "not A", "index L N", "index L N", "index O S", "index S N", "slice L N", "slice L N N", "slice S N", "len L", "len S", "len O",
	"eq S S", "eq N N S", "eq A nil", "ne S S", "lt N N", "le S S", "gt N N", "ge S S", "eq A A", "lt A A", "print A A", "println A", `printf "%v %T" A A`, "html A", "js A", "urlquery A",
	"contains S S", "hasPrefix S S", "hasSuffix S S", "regexMatch S S", "replace S S S", "autocolor S A", `color "red+b" S`, "join S L", `pluck S .people`, `pluck "login" L`,
	"tablerow A A", "tablerow S S", "tablerow S", "tablerender", "timeago T", "timefmt S T", "truncate N S", "truncate N A", "hyperlink S S", "call A"}

func (g generator) command(depth int) string {
	if g.IntN(3) == 0 {
		return g.operand(depth, "A")
	}
	parts := strings.Fields(g.oneOf(commands...))
	for i, part := range parts[1:] {
		parts[i+1] = g.operand(depth-1, part)
	}
	if g.IntN(20) == 0 {
		parts = append(parts, g.operand(depth-1, "A"))
	}
	return strings.Join(parts, " ")
}

func (g generator) operand(depth int, typ string) string {
	if g.IntN(30) == 0 {
		typ = "A"
	}
	switch typ {
	case "L":
		return g.oneOf("$.list", "$.list", "$.mixed", "$.people", "$.deep", "$.none", `(pluck "name" $.people)`, "(slice $.list 1)")
	case "O":
		return g.oneOf("$.map", "$.void", "$", "$.map.c", "(index $.people 0)")
	case "S":
		return g.oneOf("$.name", "$.empty", "$.text", "$.lines", "$.wide", `""`, `"a"`, `"login"`, `"octo"`, `"2006"`, "(print 1)", "(index $.list 1)", "(println)")
	case "N":
		return g.oneOf("0", "0", "1", "1", "2", "'\\x01'", "(len $.none)", "(len $.list)", "(index \"\\x01\" 0)")
	case "T":
		return g.oneOf("$.then", "$.then", "$.future", "$.offset", "$.bad")
	case "A":
		return g.any(depth)
	}
	return typ
}

func (g generator) any(depth int) string {
	if depth > 0 && g.IntN(3) == 0 {
		return "(" + g.pipeline(depth-1) + ")" + g.oneOf("", "", "", "", "", "", ".x", ".c.d")
	}
	if g.IntN(12) == 0 {
		return g.oneOf(".login", ".name", "$x.a", ".null.x", ".name.x", "$.null.x", "$y", "$.then.x", "tablerow", ".c")
	}
	return g.oneOf(".", "$", "$x", "$y", "$.list", "$.map", "$.map.c", "$.n", "$.pi", "$.null", "$.missing", "$.yes", "$.none", "$.mixed", "$.people", "$.deep", "$.name", "$.missing.x",
		"0", "1", "2", "-1", "3.0", "1.5", "'a'", "1i", `""`, `"a"`, "true", "false", "print", "$.big", "$.text")
}
