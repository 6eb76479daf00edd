
// Domain is the domain of the catalogue.
const Domain = "hostile.example.com"

// The codes, by their names.
const (
	// CodeClass: A "quoted" text with \ and ' and ` and ${x} and </script><!-- and */ and // and """ and #.
	CodeClass Code = 400001

	// CodeNone: ü — 日本語 😀.
	//
	// Deprecated: since 2.0 */ \; use CodeClass.
	CodeNone Code = 400002

	// CodeTrue: True.
	CodeTrue Code = 404001

	// CodeString: String.
	CodeString Code = 409001

	// CodeDomain: Domain.
	CodeDomain Code = 499001

	// CodeEntries: Entries.
	//
	// Deprecated: since 3.0.
	CodeEntries Code = 507001

	// CodeProto: The last.
	CodeProto Code = 599999
)

// ClassParams are the parameters of CodeClass. One that was not sent, or is not of its type, is nil.
type ClassParams struct {
	// Class: */ \u002a\u002f \user {@link d} @deprecated </pre> """ \
	Class *string

	// Import: ü — 日本語 😀.
	Import *int64

	Func *bool

	// From: A time.
	From *time.Time

	// Await: A duration.
	Await *time.Duration

	Type *string

	HashCode *string

	AB *string

	AB_ *string

	Metadata *string
}

// Read sets the parameters and returns true, if the error has the code.
func (p *ClassParams) Read(err *Error) bool {
	if !err.HasCode(CodeClass) {
		return false
	}
	p.Class = param[string](err, "class")
	p.Import = param[int64](err, "import")
	p.Func = param[bool](err, "func")
	p.From = param[time.Time](err, "from")
	p.Await = param[time.Duration](err, "await")
	p.Type = param[string](err, "type")
	p.HashCode = param[string](err, "hash_code")
	p.AB = param[string](err, "a_b")
	p.AB_ = param[string](err, "a__b")
	p.Metadata = param[string](err, "metadata")
	return true
}

// StringParams are the parameters of CodeString. One that was not sent, or is not of its type, is nil.
type StringParams struct {
	String *string
}

// Read sets the parameters and returns true, if the error has the code.
func (p *StringParams) Read(err *Error) bool {
	if !err.HasCode(CodeString) {
		return false
	}
	p.String = param[string](err, "string")
	return true
}

// Entries are all entries, in the order of their codes.
var Entries = []Entry{
	{Code: 400001, Name: "Class", Reason: "CLASS", Domain: Domain, HTTPStatus: 400, GRPCCode: 3, GRPCStatus: "INVALID_ARGUMENT", Summary: "A \"quoted\" text with \\ and ' and ` and ${x} and </script><!-- and */ and // and \"\"\" and #.", Recovery: "NONE", Params: []Param{{Name: "class", Type: "string", Description: "*/ \\u002a\\u002f \\user {@link d} @deprecated </pre> \"\"\" \\"}, {Name: "import", Type: "int64", Description: "ü — 日本語 😀."}, {Name: "func", Type: "bool", Description: ""}, {Name: "from", Type: "timestamp", Description: "A time."}, {Name: "await", Type: "duration", Description: "A duration."}, {Name: "type", Type: "string", Description: ""}, {Name: "hash_code", Type: "string", Description: ""}, {Name: "a_b", Type: "string", Description: ""}, {Name: "a__b", Type: "string", Description: ""}, {Name: "metadata", Type: "string", Description: ""}}, Since: "", Deprecated: "", ReplacedBy: ""},
	{Code: 400002, Name: "None", Reason: "NONE", Domain: Domain, HTTPStatus: 400, GRPCCode: 3, GRPCStatus: "INVALID_ARGUMENT", Summary: "ü — 日本語 😀.", Recovery: "NONE", Params: []Param{}, Since: "1.0 \"beta\"", Deprecated: "2.0 */ \\", ReplacedBy: "CLASS"},
	{Code: 404001, Name: "True", Reason: "TRUE", Domain: Domain, HTTPStatus: 404, GRPCCode: 5, GRPCStatus: "NOT_FOUND", Summary: "True.", Recovery: "NONE", Params: []Param{}, Since: "", Deprecated: "", ReplacedBy: ""},
	{Code: 409001, Name: "String", Reason: "STRING", Domain: Domain, HTTPStatus: 409, GRPCCode: 6, GRPCStatus: "ALREADY_EXISTS", Summary: "String.", Recovery: "NONE", Params: []Param{{Name: "string", Type: "string", Description: ""}}, Since: "", Deprecated: "", ReplacedBy: ""},
	{Code: 499001, Name: "Domain", Reason: "DOMAIN", Domain: Domain, HTTPStatus: 499, GRPCCode: 1, GRPCStatus: "CANCELLED", Summary: "Domain.", Recovery: "NONE", Params: []Param{}, Since: "", Deprecated: "", ReplacedBy: ""},
	{Code: 507001, Name: "Entries", Reason: "ENTRIES", Domain: Domain, HTTPStatus: 507, GRPCCode: 8, GRPCStatus: "RESOURCE_EXHAUSTED", Summary: "Entries.", Recovery: "NONE", Params: []Param{}, Since: "", Deprecated: "3.0", ReplacedBy: ""},
	{Code: 599999, Name: "Proto", Reason: "PROTO", Domain: Domain, HTTPStatus: 599, GRPCCode: 13, GRPCStatus: "INTERNAL", Summary: "The last.", Recovery: "NONE", Params: []Param{}, Since: "", Deprecated: "", ReplacedBy: ""},
}

// The names of the gRPC codes, by their numbers.
var grpcCodes = []string{"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}

// The gRPC codes of the classes 400 and 500, and of those that differ from them.
var classToGRPC = map[int]uint32{400: 3, 401: 16, 402: 9, 403: 7, 404: 5, 405: 12, 407: 16, 408: 4, 409: 10, 410: 5, 412: 9, 416: 11, 423: 9, 424: 9, 425: 14, 426: 9, 428: 9, 429: 8, 451: 9, 499: 1, 500: 13, 501: 12, 502: 14, 503: 14, 504: 4, 505: 12, 507: 8}

// The HTTP status of an error without a code, by the number of its gRPC code.
var grpcToClass = []int{200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401}

// The gRPC codes of HTTP responses that a proxy sent. All others are UNKNOWN.
var intermediaryToGRPC = map[int]uint32{400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}

// The parts of an error that a server removes if the error is too large, by their numbers minus one.
var shedParts = []string{"DEBUG_INFO", "HELP", "LOCALIZED_MESSAGE", "FIELD_VIOLATIONS", "DETAILS", "METADATA", "MESSAGE"}

