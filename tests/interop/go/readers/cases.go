// Package readers reads the errors of CodeLibra with Go's libraries and prints what each of them read.
package readers

import (
	"encoding/json"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// Call is a call that fails. The request is ProtoJSON.
type Call struct {
	ID      string          `json:"id"`
	Address string          `json:"address"`
	Method  string          `json:"method"`
	Request json.RawMessage `json:"request"`
}

// An HTTP response that reports an error, and the google.rpc.Status in it, as ProtoJSON.
type body struct {
	ID         string `json:"id"`
	Form       string `json:"form"`
	HTTPStatus int    `json:"http_status"`
	Body       string `json:"body"`
	Status     string `json:"status"`
}

type cases struct {
	Calls  []Call `json:"calls"`
	Bodies []body `json:"bodies"`
}

// A detail; the value is null where its type is not linked.
type detail struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// What one reader reads of one case.
type reading map[string]any

func (r reading) print(reader, id string) {
	r["reader"], r["id"] = reader, id
	Check(json.NewEncoder(os.Stdout).Encode(r))
}

func fromMessage(message proto.Message) detail {
	value, err := protojson.Marshal(message)
	Check(err)
	return detail{Type: string(message.ProtoReflect().Descriptor().FullName()), Value: value}
}

func fromAny(packed *anypb.Any) detail {
	message, err := packed.UnmarshalNew()
	if err != nil {
		return detail{Type: string(packed.MessageName())}
	}
	return fromMessage(message)
}

func fromAnys(packed []*anypb.Any) []detail {
	details := []detail{}
	for _, one := range packed {
		details = append(details, fromAny(one))
	}
	return details
}

// Check ends the program: what is broken here is the test, not an error of CodeLibra.
func Check(err error) {
	if err != nil {
		panic(err)
	}
}

// Main reads the cases from standard input.
func Main() {
	var input cases
	Check(json.NewDecoder(os.Stdin).Decode(&input))
	readCalls(input.Calls)
	readBodies(input.Bodies)
}
