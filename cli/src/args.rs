//! The command line.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use codelibra::http::Form;
use codelibra::{ErrorInfos, Recovery};

use crate::nearest::{nearest_of, nearest_statuses};
use crate::output;

/// Six-digit error codes between gRPC and HTTP: look up, encode, decode, serve.
#[derive(Debug, Parser)]
#[command(name = "codelibra", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) catalog: CatalogFile,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which catalogue a command uses.
#[derive(Debug, clap::Args)]
pub(crate) struct CatalogFile {
    /// Another catalogue: a .proto, or a descriptor set from buf, protoc or protox.
    #[arg(long = "catalog", global = true, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Where the imports of a .proto are looked up, after its own folder and the root of its package; may be
    /// repeated.
    #[arg(long = "include", global = true, value_name = "DIR")]
    pub(crate) include: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the catalogue.
    List(List),
    /// Print one entry.
    Explain(Explain),
    /// Print what a server would send.
    Encode(Encode),
    /// Read a grpc-status-details-bin value or an HTTP body.
    Decode(Decode),
    /// Print a row of the tables between HTTP and gRPC.
    Map {
        #[command(subcommand)]
        table: Map,
    },
    /// Call a method of a gRPC server and print the error that it sends.
    #[command(after_help = CALL_STATUS)]
    Call(Call),
    /// Add an entry to the catalogue that `--catalog` names.
    #[command(after_help = NEW_STATUS)]
    New(New),
    /// Check catalogues against the rules, against each other and against branches of git.
    #[command(after_help = CHECK_STATUS)]
    Check(Check),
    /// Report what changed between two versions of a catalogue, and which of the changes break callers.
    #[command(after_help = DIFF_STATUS)]
    Diff(Diff),
    /// Print the catalogue for other tools.
    Export {
        #[command(subcommand)]
        what: Export,
    },
    /// Run the gRPC service and the HTTP gateway in front of it.
    #[command(after_help = SERVE_UNCODED)]
    Serve(Serve),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only the codes of this class, an HTTP status.
    #[arg(long, value_name = "CLASS", value_parser = class)]
    pub(crate) class: Option<u16>,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

fn class(text: &str) -> Result<u16, String> {
    let class = text.trim().parse().ok().filter(|class| (400..=599).contains(class));
    class.ok_or_else(|| {
        let statuses = nearest_statuses(text, 400..=599);
        let hint = nearest_of(statuses.into_iter().map(output::status));
        format!("expected 400 to 599{hint}")
    })
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// 403003, UserBanned or USER_BANNED.
    #[arg(value_name = "CODE|NAME|REASON", allow_hyphen_values = true)]
    pub(crate) wanted: String,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Encode {
    /// 403003, UserBanned or USER_BANNED. A number need not be listed.
    #[arg(value_name = "CODE", allow_hyphen_values = true)]
    pub(crate) wanted: String,
    /// The public message, in place of the entry's summary.
    #[arg(long)]
    pub(crate) message: Option<String>,
    /// A parameter of the error; may be repeated.
    #[arg(long = "param", value_name = "K=V")]
    pub(crate) params: Vec<String>,
    /// Which ErrorInfos a gRPC field and a Connect body contain; `google` is google.rpc.ErrorInfo alone.
    #[arg(long, value_name = "WHICH", default_value = "both", value_parser = error_infos())]
    pub(crate) error_info: ErrorInfos,
    /// What is written: the gRPC field, or an HTTP body.
    #[arg(long, default_value = DETAILS_BIN, value_parser = wire_formats())]
    pub(crate) format: WireFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Decode {
    /// The value or the body; - reads it from stdin.
    #[arg(value_name = "INPUT|-", allow_hyphen_values = true)]
    pub(crate) input: String,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Map {
    /// From an HTTP status to gRPC.
    Http {
        #[arg(value_name = "STATUS", allow_hyphen_values = true)]
        status: String,
        /// How it is printed.
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// From a gRPC code to HTTP.
    Grpc {
        #[arg(value_name = "NAME|NUMBER", allow_hyphen_values = true)]
        code: String,
        /// How it is printed.
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Another name, which is refused. The error names the table that was probably meant.
    #[command(external_subcommand)]
    Unknown(Vec<String>),
}

const NEW_STATUS: &str = "\
The number is the one after the highest of the class. Numbers that are reserved are skipped, and with --against those
that a branch uses or reserves. A REF is a branch, a tag or a commit, or a pattern of branches such as 'origin/**'.

Exit status: 0 if the entry was written; 2 for bad input, and then the file stays as it was.";

#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// The class, an HTTP status of 400 to 599.
    #[arg(value_name = "CLASS", value_parser = class, allow_hyphen_values = true)]
    pub(crate) class: u16,
    /// CartGone or CART_GONE.
    #[arg(value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) name: String,
    /// Also skip the numbers of these unmerged branches.
    #[arg(long, value_name = "REF", num_args = 1..)]
    pub(crate) against: Vec<String>,
    /// The default public message, one sentence; made of the name by default.
    #[arg(long, value_name = "TEXT")]
    pub(crate) summary: Option<String>,
    /// What happened.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) cause: String,
    /// What the caller should do next.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) resolution: String,
    /// The next step for programs: FIX_REQUEST, RETRY, …
    #[arg(long, value_name = "RECOVERY", value_parser = recovery)]
    pub(crate) recovery: Option<Recovery>,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

fn recovery(text: &str) -> Result<Recovery, String> {
    let wanted = text.trim().to_ascii_uppercase().replace('-', "_");
    let bare = wanted.strip_prefix("RECOVERY_").unwrap_or(&wanted);
    Recovery::from_name(bare).ok_or_else(|| {
        let names = Recovery::ALL.iter().map(|recovery| recovery.name());
        format!("expected one of {}", names.collect::<Vec<_>>().join(", "))
    })
}

const CHECK_STATUS: &str = "\
A REF is a branch, a tag or a commit, or a pattern of branches such as 'origin/**'. What it shares with HEAD is not
looked at, so a branch that is merged has no findings.

Exit status: 0 without an error (warnings do not count); 1 if a rule is broken; 2 if a file cannot be read as a
catalogue, or if git does not know a REF.";

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Catalogues: .proto files, or descriptor sets from buf, protoc or protox.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Also report each number and reason to which one of these unmerged branches gives another meaning.
    #[arg(long, value_name = "REF", num_args = 1..)]
    pub(crate) against: Vec<String>,
    /// How it is printed; `github` is for annotations of GitHub Actions.
    #[arg(long, value_enum, default_value_t = FindingFormat::Text)]
    pub(crate) format: FindingFormat,
}

const DIFF_STATUS: &str = "\
A version is a .proto file, a descriptor set from buf, protoc or protox, or git:REV:PATH. As in git, PATH starts at the
root of the repository, unless it starts with ./ or ../.

Exit status: 0 if nothing breaks callers; 1 if something does; 2 if a version cannot be read, or if NEW breaks the
rules of catalogues.";

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The version that callers know.
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The version that they will get.
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// How it is printed; `github` is for annotations of GitHub Actions.
    #[arg(long, value_enum, default_value_t = FindingFormat::Text)]
    pub(crate) format: FindingFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// The google.protobuf.FileDescriptorSet for transcoders such as Envoy: the service of `serve`,
    /// the catalogue, google.rpc's details, and all that they import.
    DescriptorSet(Destination),
    /// A Go package of one file without dependencies: the codes, and a reader of errors over gRPC and HTTP.
    Go(Packaged),
    /// The Java class `ErrorCodes` without dependencies: the codes, and a reader of errors over gRPC and HTTP.
    Java(Packaged),
    /// The domain and all entries as one JSON object.
    Json(Destination),
    /// The pages as static files: a list with a search, and a page for each code.
    #[command(after_help = HTML_FOLDER)]
    Html(HtmlFolder),
    /// A Markdown page with a section for each entry.
    Markdown(Destination),
    /// A Python module without dependencies: the codes, and a reader of errors over gRPC and HTTP.
    Python(Destination),
    /// A TypeScript module without dependencies: the codes, and a reader of errors over gRPC and HTTP.
    Typescript(Destination),
}

/// An export that names its package.
#[derive(Debug, clap::Args)]
pub(crate) struct Packaged {
    #[command(flatten)]
    pub(crate) to: Destination,
    /// The package of the file; made of the domain by default.
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Option<String>,
}

const HTML_FOLDER: &str = "\
The folder can be served from any path of any host, and opens in a browser without a server. It is written completely
or not at all: the files are written to a folder beside it, which then gets its name. The file .codelibra-export lists
the files. A folder that contains any other file is refused, so that no file of yours is removed.

Exit status: 0 if the folder was written, or is up to date; 1 if --check finds that it is not; 2 for bad input, and then
the folder stays as it was.";

/// The folder that an export writes.
#[derive(Debug, clap::Args)]
pub(crate) struct HtmlFolder {
    /// The folder. It does not exist, is empty, or was written by an earlier export.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Write nothing, but compare the folder with what would be written. Exit status: 0 if they are equal, 1 if not,
    /// 2 if the folder cannot be read.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Where an export goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Destination {
    /// Write to this file and not to stdout. The file is written completely or not at all.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write nothing, but compare the file with what would be written. Exit status: 0 if they are equal, 1 if not,
    /// 2 if the file cannot be read.
    #[arg(long, requires = "output")]
    pub(crate) check: bool,
}

const CALL_STATUS: &str = "\
Values of --header:
  NAME=VALUE       the text
  NAME=@FILE       the content of a file, without its last line break
  NAME=env:VAR     the value of an environment variable
  NAME=text:VALUE  the text, also if it begins with @, env: or text:
The value of a NAME that ends in -bin is base64, from every source.

Text prints messages as they come, each of at most 16 MiB; JSON prints them at the end, at most 16 MiB
together. If the deadline passes, before or after the connection is made, the error is DEADLINE_EXCEEDED,
as for any gRPC client.

Exit status: 0 if the call ended, be it with an error; 2 if the server cannot be reached or sent more
than that.";

#[derive(Debug, clap::Args)]
pub(crate) struct Call {
    /// Where the server is: http://host:port.
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// /package.Service/Method.
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,
    /// The encoded request message; empty by default.
    #[arg(long, value_name = "B", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) data_base64: String,
    /// Metadata of the request; may be repeated. VALUE is text, or names one of the sources below, so that a
    /// secret is not on the command line.
    #[arg(long = "header", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub(crate) headers: Vec<String>,
    /// How long the call may take, from the connection to the end of the response: a number with the unit ms, s,
    /// m or h, such as 500ms or 1.5m. A number alone is seconds.
    #[arg(long, value_name = "D", default_value = "10s", allow_hyphen_values = true)]
    pub(crate) timeout: String,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

const SERVE_UNCODED: &str = "\
Every failure has a code, but for those of HTTP itself, which are sent before a request exists: 400 for a
head that is not HTTP, 414 for a URI and 431 for header fields that are too long. A client that takes too
long for a request head is disconnected.";

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Where the HTTP gateway listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) http: String,
    /// Where the gRPC server listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50051")]
    pub(crate) grpc: String,
    /// The form of the error bodies.
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = forms())]
    pub(crate) format: Form,
    /// Which ErrorInfos a failure contains over gRPC and in a Connect body; `google` is
    /// google.rpc.ErrorInfo alone, for transcoders that do not know ours.
    #[arg(long, value_name = "WHICH", default_value = "both", value_parser = error_infos())]
    pub(crate) error_info: ErrorInfos,
    /// How many `:stream` responses may be open at once; one more is refused with 503000. The last quarter is
    /// only for addresses that have less than a quarter; any other address is refused with 429000.
    #[arg(long, value_name = "N", default_value = "4096", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) max_streams: u32,
    /// How many of these may be open on one connection of a client; one more is refused with 429000.
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) max_streams_per_connection: u32,
    /// How long the caller of a `:stream` may read nothing before the stream ends with 408000: 500ms,
    /// 30s, 1m. A response that is not read for twice as long is reset.
    #[arg(long, value_name = "D", default_value = "30s", allow_hyphen_values = true)]
    pub(crate) stream_idle: String,
    /// How long a client may take for a request head, and how long a request body may pause. A body is refused
    /// with 408000 if it pauses for longer, unless it arrives at 500 bytes a second or more on average.
    #[arg(long, value_name = "D", default_value = "30s", allow_hyphen_values = true)]
    pub(crate) read_timeout: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    Table,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    Text,
    Json,
    Github,
}

/// What `encode` writes: the gRPC field, or one of the bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireFormat {
    DetailsBin,
    Body(Form),
}

const DETAILS_BIN: &str = "details-bin";

/// The forms of bodies, by their names.
fn forms() -> impl TypedValueParser<Value = Form> {
    PossibleValuesParser::new(Form::ALL.iter().map(|form| form.name()))
        .try_map(|name| Form::from_name(&name).ok_or("no such form"))
}

/// The choices of ErrorInfos, by their names.
fn error_infos() -> impl TypedValueParser<Value = ErrorInfos> {
    PossibleValuesParser::new(ErrorInfos::ALL.iter().map(|infos| infos.name()))
        .try_map(|name| ErrorInfos::from_name(&name).ok_or("no such choice"))
}

fn wire_formats() -> impl TypedValueParser<Value = WireFormat> {
    PossibleValuesParser::new(std::iter::once(DETAILS_BIN).chain(Form::ALL.iter().map(|form| form.name())))
        .map(|name| Form::from_name(&name).map_or(WireFormat::DetailsBin, WireFormat::Body))
}
