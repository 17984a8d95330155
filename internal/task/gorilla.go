package task

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
)

// gorillaFiles gives pairs of files: documentation of APIs, and instructions with the right call.
func gorillaFiles() []string {
	return []string{
		"apibench/huggingface_api.jsonl.gz", "apibench/huggingface_train.jsonl.gz", "apibench/torchhub_api.jsonl.gz", "apibench/torchhub_train.jsonl.gz",
		"apibench/tensorflowhub_api.jsonl.gz", "apibench/tensorflow_train.jsonl.gz",
	}
}

// gorilla opens LongGorilla: a document is entries of API documentation in PERK's form, a question an instruction, the answer the call to make. Calls are
// split by their text. A document starts with an entry that is asked for, and takes more of its library before those of others.
func (l Library) gorilla() (Task, error) {
	var hubs [2][][]*paragraph
	files := gorillaFiles()
	for i := 0; i < len(files); i += 2 {
		entries := map[string]*paragraph{}
		var calls []string
		err := l.read(files[i], func(r io.Reader) error {
			return eachLine(r, func(line []byte) error {
				call, text, err := readAPI(line)
				if err == nil && call != "" && entries[call] == nil {
					entries[call] = &paragraph{text: text}
					calls = append(calls, call)
				}
				return err
			})
		})
		if err != nil {
			return nil, err
		}
		err = l.read(files[i+1], func(r io.Reader) error {
			return eachLine(r, func(line []byte) error {
				call, instruction, err := readInstruction(line)
				if e := entries[call]; err == nil && e != nil && instruction != "" {
					e.questions = append(e.questions, QA{
						Question: "Instruction: " + instruction, Answers: []string{call}, About: []string{call}, Form: "api-call",
					})
				}
				return err
			})
		})
		if err != nil {
			return nil, err
		}
		var hub [2][]*paragraph
		for _, call := range calls {
			s := splitOf(call)
			hub[s] = append(hub[s], entries[call])
		}
		if err := both(len(hub[Train]), len(hub[Eval])); err != nil {
			return nil, err
		}
		for s := range hubs {
			hubs[s] = append(hubs[s], hub[s])
		}
	}
	return collection{name: "longgorilla", must: 1, mixed: true, walk: func(rng *rand.Rand, s Split) iter.Seq[*paragraph] {
		return func(yield func(*paragraph) bool) {
			for _, h := range rng.Perm(len(hubs[s])) {
				for _, i := range rng.Perm(len(hubs[s][h])) {
					if !yield(hubs[s][h][i]) {
						return
					}
				}
			}
		}
	}}, nil
}

// readAPI gives the call and the entry of an API: "<api>CALL</api> domain: ..., framework: ...", without quotation marks and line ends.
func readAPI(line []byte) (call, text string, err error) {
	var in struct {
		Call string `json:"api_call"`
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return "", "", err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	text, err = flatten(d, "api_call")
	return in.Call, "<api>" + in.Call + "</api> " + text, err
}

// flatten writes a JSON value in PERK's form: members as "name: value", lists in brackets, less the member of a name.
func flatten(d *json.Decoder, without string) (string, error) {
	t, err := d.Token()
	if err != nil {
		return "", err
	}
	switch t {
	case json.Delim('{'), json.Delim('['):
	case nil:
		return "", nil
	default:
		return strings.NewReplacer(`"`, "", "'", "", "\r", "", "\n", `\n`).Replace(fmt.Sprint(t)), nil
	}
	var parts []string
	for d.More() {
		name := ""
		if t == json.Delim('{') {
			key, err := d.Token()
			if err != nil {
				return "", err
			}
			name = fmt.Sprint(key)
		}
		value, err := flatten(d, "")
		if err != nil {
			return "", err
		}
		switch {
		case name == "":
			parts = append(parts, value)
		case name != without:
			parts = append(parts, name+": "+value)
		}
	}
	if _, err := d.Token(); err != nil {
		return "", err
	}
	all := strings.Join(parts, ", ")
	if t == json.Delim('[') {
		all = "[" + all + "]"
	}
	return all, nil
}

// readInstruction gives the call and the instruction of a line of APIBench, "" where the line has none.
func readInstruction(line []byte) (call, instruction string, err error) {
	var in struct {
		Code string
		Call string `json:"api_call"`
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return "", "", err
	}
	_, text, ok := strings.Cut(in.Code, "Instruction")
	if !ok {
		return in.Call, "", nil
	}
	for _, end := range []string{"\n", "###Output", ", 'Output'", `, "Output"`} {
		text, _, _ = strings.Cut(text, end)
	}
	return in.Call, strings.Trim(text, `'": `), nil
}
