// Reads the cases of exported.py with the package of `codelibra export go`, grpc-go and net/http.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"codelibra.test/interop/errorcodes/codelibra"
	"codelibra.test/interop/errorcodes/hostile"
	"codelibra.test/interop/readers"
	"google.golang.org/grpc/status"
)

type request struct {
	ID   string `json:"id"`
	URL  string `json:"url"`
	Body string `json:"body"`
}

type text struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

type cases struct {
	Calls    []readers.Call `json:"calls"`
	Requests []request      `json:"requests"`
	Details  []text         `json:"details"`
	Bodies   []text         `json:"bodies"`
}

func readCall(clients readers.Clients, one readers.Call) *codelibra.Error {
	_, trailer, err := clients.Fail(one)
	first := func(name string) string {
		return append(trailer.Get(name), "")[0]
	}
	received := status.Convert(err)
	return codelibra.DecodeGRPC([]byte(first("grpc-status-details-bin")), codelibra.GRPCFields{
		Status:  uint32(received.Code()),
		Message: received.Message(),
		Code:    first("codelibra-error-code"),
	})
}

func readRequest(one request) *codelibra.Error {
	ctx, cancel := context.WithTimeout(context.Background(), readers.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, one.URL, strings.NewReader(one.Body))
	readers.Check(err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	readers.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	readers.Check(err)
	code := response.Header.Get("codelibra-error-code")
	return codelibra.DecodeHTTP(body, codelibra.HTTPFields{Status: response.StatusCode, Code: code})
}

func valueText(value any) string {
	switch value := value.(type) {
	case time.Time:
		return strconv.FormatInt(value.Unix(), 10)
	case time.Duration:
		return strconv.FormatInt(value.Milliseconds(), 10)
	default:
		return fmt.Sprint(value)
	}
}

// orNull is null for the zero value.
func orNull[T comparable](value T) any {
	var zero T
	if value == zero {
		return nil
	}
	return value
}

func printError(id string, err *codelibra.Error) {
	checkLockedOut(err)
	params := map[string]string{}
	for name, value := range err.Params {
		params[name] = valueText(value)
	}
	var delay any
	if err.RetryDelay != nil {
		delay = err.RetryDelay.Milliseconds()
	}
	printJSON(map[string]any{
		"id": id, "code": orNull(err.Code), "name": orNull(err.Name), "reason": err.Reason, "domain": err.Domain,
		"message": err.Message, "metadata": err.Metadata, "params": params, "source": err.Source, "shed": err.Shed,
		"grpc_code": err.GRPCCode, "http_status": err.HTTPStatus, "request_id": orNull(err.RequestID),
		"retry_delay": delay,
	})
}

// checkLockedOut compares the parameters in the struct of a code with those in the map.
func checkLockedOut(err *codelibra.Error) {
	var params codelibra.LockedOutParams
	if params.Read(err) != (err.Entry != nil && err.Code == codelibra.CodeLockedOut) {
		panic(err)
	}
	until, ok := err.Params["locked_until"].(time.Time)
	if params.LockedUntil != nil && !(ok && until.Equal(*params.LockedUntil)) {
		panic(err)
	}
}

// printTable prints the fields of the entries by their names in lower case. The types of two packages differ.
func printTable[E any](id string, entries []E, found func(E) bool) {
	table := []map[string]any{}
	for _, entry := range entries {
		if !found(entry) {
			panic(entry)
		}
		table = append(table, fieldsOf(reflect.ValueOf(entry)))
	}
	printJSON(map[string]any{"id": id, "table": table})
}

var names = strings.NewReplacer("HTTPS", "http_s", "GRPCC", "grpc_c", "GRPCS", "grpc_s", "ReplacedBy", "replaced_by")

func fieldsOf(value reflect.Value) map[string]any {
	fields := map[string]any{}
	for i := range value.NumField() {
		name := strings.ToLower(names.Replace(value.Type().Field(i).Name))
		if field := value.Field(i); field.Kind() == reflect.Slice {
			params := []map[string]any{}
			for at := range field.Len() {
				params = append(params, fieldsOf(field.Index(at)))
			}
			fields[name] = params
		} else {
			fields[name] = field.Interface()
		}
	}
	return fields
}

func printJSON(value any) {
	readers.Check(json.NewEncoder(os.Stdout).Encode(value))
}

func main() {
	var given cases
	readers.Check(json.NewDecoder(os.Stdin).Decode(&given))
	clients := readers.Clients{}
	for _, one := range given.Calls {
		printError(one.ID, readCall(clients, one))
	}
	for _, one := range given.Requests {
		printError(one.ID, readRequest(one))
	}
	for _, one := range given.Details {
		printError(one.ID, codelibra.DecodeGRPCText(one.Text, codelibra.GRPCFields{}))
	}
	for _, one := range given.Bodies {
		printError(one.ID, codelibra.DecodeHTTP([]byte(one.Text), codelibra.HTTPFields{}))
	}
	printTable("table codelibra", codelibra.Entries, func(entry codelibra.Entry) bool {
		return entry.Code.Entry().Name == entry.Name && codelibra.EntryByReason(entry.Domain, entry.Reason).Code == entry.Code
	})
	printTable("table hostile", hostile.Entries, func(entry hostile.Entry) bool {
		return entry.Code.Entry().Name == entry.Name && hostile.EntryByReason(entry.Domain, entry.Reason).Code == entry.Code
	})
}
