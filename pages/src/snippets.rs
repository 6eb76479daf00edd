//! How programs raise and match an error.
//!
//! The programs of other languages use google.rpc.ErrorInfo, which every gRPC library reads, or the native body. All readers of
//! CodeLibra accept both. The modules of `codelibra export` need less code, and their names depend on the file that was written.

use codelibra::{Catalog, CatalogCode, Entry, ErrorCode, Param, ParamKind};

use crate::example;
use crate::rust_field::field;

/// The programs of one language.
pub(crate) struct Snippet {
    pub(crate) language: &'static str,
    /// The library that the programs use.
    pub(crate) library: &'static str,
    pub(crate) parts: Vec<Part>,
}

pub(crate) struct Part {
    pub(crate) title: &'static str,
    pub(crate) code: String,
}

impl Snippet {
    fn new(language: &'static str, library: &'static str, raise: String, matching: String) -> Self {
        let parts = vec![Part { title: "Raise", code: raise }, Part { title: "Match", code: matching }];
        Self { language, library, parts }
    }
}

/// Returns the programs for an entry. An example value of each parameter is in them.
pub(crate) fn snippets(catalog: &'static Catalog, entry: &'static Entry) -> Vec<Snippet> {
    vec![rust(catalog, entry), go(entry), python(entry), typescript(entry), java(entry), curl(catalog, entry)]
}

/// A text as a literal. Go, Python, TypeScript and Java read the escapes of JSON.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn rust(catalog: &'static Catalog, entry: &'static Entry) -> Snippet {
    let Entry { reason, name, params, .. } = *entry;
    let is_ours = std::ptr::eq(catalog, ErrorCode::catalog());
    let (codes, structs) =
        if is_ours { ("codelibra", "codelibra::codes") } else { ("crate::errors", "crate::errors") };
    let note = if is_ours { "" } else { "// The module that your build.rs generates.\n" };
    if params.is_empty() {
        let raise = format!(
            "{note}use {codes}::ErrorCode;\n\nasync fn handler() -> Result<(), tonic::Status> {{\n    \
             Err(ErrorCode::{reason})?\n}}"
        );
        let matching = format!(
            "use codelibra::StatusCodeExt;\n{note}use {codes}::ErrorCode;\n\nfn is_expected(status: &tonic::Status) -> bool \
             {{\n    status.error_code() == Some(ErrorCode::{reason})\n}}"
        );
        return Snippet::new("Rust", "codelibra, tonic", raise, matching);
    }
    let fields: Vec<String> =
        params.iter().map(|param| format!("{}: {}", field(param.name), rust_value(param))).collect();
    let raise = format!(
        "{note}use {structs}::{name};\n\nasync fn handler() -> Result<(), tonic::Status> {{\n    \
         Err({name} {{\n        {},\n    }})?\n}}",
        fields.join(",\n        ")
    );
    let shown: Vec<String> = params
        .iter()
        .map(|param| format!("    println!(\"{{:?}}\", error.{});", field(param.name)))
        .collect();
    let matching = format!(
        "use codelibra::StatusCodeExt;\n{note}use {structs}::{name};\n\nfn show(status: &tonic::Status) {{\n    \
         let Some(error) = status.decode::<{name}>() else {{ return }};\n{}\n}}",
        shown.join("\n")
    );
    Snippet::new("Rust", "codelibra, tonic", raise, matching)
}

fn rust_value(param: &Param) -> String {
    let value = example::value(param.kind);
    match param.kind {
        ParamKind::Int64 | ParamKind::Bool => format!("Some({value})"),
        ParamKind::Timestamp => String::from("Some(std::time::SystemTime::now().into())"),
        ParamKind::Duration => {
            String::from("Some(codelibra::params::Duration { seconds: 1, nanos: 500_000_000 })")
        }
        _ => format!("Some({}.into())", literal(value)),
    }
}

/// The metadata of google.rpc.ErrorInfo: the number and an example of each parameter, as pairs of literals.
fn metadata(entry: &Entry, pair: impl Fn(&str, &str) -> String, separator: &str) -> String {
    let code = pair(&literal("code"), &literal(&entry.code.to_string()));
    let params =
        entry.params.iter().map(|param| pair(&literal(param.name), &literal(example::value(param.kind))));
    std::iter::once(code).chain(params).collect::<Vec<_>>().join(separator)
}

/// The statements that show each parameter.
fn params(entry: &Entry, show: impl Fn(&str) -> String) -> String {
    entry.params.iter().map(|param| show(&literal(param.name))).collect()
}

fn go(entry: &Entry) -> Snippet {
    let Entry { reason, domain, summary, grpc_code, .. } = entry;
    let code = pascal_case(grpc_code.name());
    // Go spells it with one L.
    let code = if code == "Cancelled" { "Canceled" } else { &code };
    let summary = literal(summary);
    let pairs = metadata(entry, |name, value| format!("{name}: {value}"), ", ");
    let raise = format!(
        r#"st, err := status.New(codes.{code}, {summary}).WithDetails(&errdetails.ErrorInfo{{
	Reason:   "{reason}",
	Domain:   "{domain}",
	Metadata: map[string]string{{{pairs}}},
}})
if err != nil {{
	return err
}}
return st.Err()"#
    );
    let shown = params(entry, |name| format!("\n\t\tfmt.Println(info.GetMetadata()[{name}])"));
    let matching = format!(
        r#"for _, detail := range status.Convert(err).Details() {{
	info, ok := detail.(*errdetails.ErrorInfo)
	if ok && info.GetDomain() == "{domain}" && info.GetReason() == "{reason}" {{
		fmt.Println("{reason}"){shown}
	}}
}}"#
    );
    Snippet::new("Go", "grpc-go, genproto/googleapis/rpc/errdetails", raise, matching)
}

fn python(entry: &Entry) -> Snippet {
    let Entry { reason, domain, summary, grpc_code, .. } = entry;
    let summary = literal(summary);
    let pairs = metadata(entry, |name, value| format!("{name}: {value}"), ", ");
    let raise = format!(
        r#"from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

def fail(context):
    info = error_details_pb2.ErrorInfo(
        reason="{reason}", domain="{domain}", metadata={{{pairs}}}
    )
    detail = any_pb2.Any()
    detail.Pack(info)
    status = status_pb2.Status(code=code_pb2.{grpc_code}, message={summary}, details=[detail])
    context.abort_with_status(rpc_status.to_status(status))"#
    );
    let shown = params(entry, |name| format!("\n            print(info.metadata.get({name}))"));
    let matching = format!(
        r#"from google.rpc import error_details_pb2
from grpc_status import rpc_status

def show(error):  # a grpc.RpcError
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and (info.domain, info.reason) == ("{domain}", "{reason}"):
            print("{reason}"){shown}"#
    );
    Snippet::new("Python", "grpcio, grpcio-status", raise, matching)
}

fn typescript(entry: &Entry) -> Snippet {
    let Entry { code, name, domain, summary, .. } = entry;
    let summary = literal(summary);
    let params_of =
        |param: &Param| format!("{}: {}", literal(param.name), literal(example::value(param.kind)));
    let pairs = entry.params.iter().map(params_of).collect::<Vec<_>>().join(", ");
    let pairs = if pairs.is_empty() { String::from("{}") } else { format!("{{ {pairs} }}") };
    let raise = format!(
        r#"export function respond(): Response {{
  const body = {{
    code: {code},
    name: "{name}",
    message: {summary},
    domain: "{domain}",
    metadata: {pairs},
    details: [],
  }};
  const headers = {{ "codelibra-error-code": "{code}", "cache-control": "no-store" }};
  return Response.json(body, {{ status: {}, headers }});
}}"#,
        entry.class()
    );
    let shown = params(entry, |name| format!("\n    console.log(error.metadata?.[{name}]);"));
    let matching = format!(
        r#"export async function show(response: Response): Promise<void> {{
  if (response.ok) return;
  const error = await response.json(); // the native form, or problem+json
  if (error.domain === "{domain}" && error.code === {code}) {{
    console.log(error.message);{shown}
  }}
}}"#
    );
    Snippet::new("TypeScript", "fetch", raise, matching)
}

fn java(entry: &Entry) -> Snippet {
    let Entry { reason, domain, summary, grpc_code, .. } = entry;
    let summary = literal(summary);
    let pairs = metadata(entry, |name, value| format!("\n            .putMetadata({name}, {value})"), "");
    let raise = format!(
        r#"static StatusRuntimeException failure() {{
    ErrorInfo info = ErrorInfo.newBuilder()
            .setReason("{reason}")
            .setDomain("{domain}"){pairs}
            .build();
    return StatusProto.toStatusRuntimeException(Status.newBuilder()
            .setCode(Code.{grpc_code}_VALUE)
            .setMessage({summary})
            .addDetails(Any.pack(info))
            .build());
}}"#
    );
    let shown =
        params(entry, |name| format!("\n            System.out.println(info.getMetadataMap().get({name}));"));
    let matching = format!(
        r#"static void show(StatusRuntimeException error) throws InvalidProtocolBufferException {{
    for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {{
        if (!detail.is(ErrorInfo.class)) continue;
        ErrorInfo info = detail.unpack(ErrorInfo.class);
        if (info.getDomain().equals("{domain}") && info.getReason().equals("{reason}")) {{
            System.out.println(info.getReason());{shown}
        }}
    }}
}}"#
    );
    Snippet::new("Java", "grpc-java, proto-google-common-protos", raise, matching)
}

fn curl(catalog: &Catalog, entry: &Entry) -> Snippet {
    let code = entry.code;
    let query = example::query(entry.params.iter().map(|param| (param.name, param.kind)));
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let is_ours = std::ptr::eq(catalog, ErrorCode::catalog());
    let serve = if is_ours { "codelibra serve" } else { "codelibra serve --catalog errors.proto" };
    let raise = format!("# {serve}\ncurl -i 'http://127.0.0.1:8080/v1/errors/{code}:raise{query}'");
    let matching = format!(
        "code=$(curl -s -o body.json -w '%header{{codelibra-error-code}}' \"$url\")\nif [ \"$code\" = {code} ]; then\n  cat \
         body.json\nfi"
    );
    Snippet::new("curl", "7.84 or later", raise, matching)
}

/// `PermissionDenied` for `PERMISSION_DENIED`.
fn pascal_case(upper_snake: &str) -> String {
    let words = upper_snake.split('_').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{first}{}", rest.to_ascii_lowercase())
    });
    words.collect()
}
