//! The metadata of `call --header`. A value may be a secret, and a user may write it in the wrong place: messages contain
//! no part of an argument except a name that is valid.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tonic::metadata::{
    AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, MetadataMap,
};

use crate::failure::Failure;

/// The most bytes of all headers together, counted as HTTP/2 does. Servers accept less: hyper 16 KiB by default.
const MAX_HEADERS: usize = 64 << 10;

/// How much of a file is read: one byte more than the limit, and a line break.
const MAX_FILE: u64 = (64 << 10) + 3;

/// RFC 9113 §6.5.2: what a field counts in addition to its name and its value.
const FIELD_OVERHEAD: usize = 32;

/// Names that belong to HTTP/2 and to the client. RFC 9113 §8.2.2 forbids the fields of a connection.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The characters of a name, by gRPC's specification of HTTP/2 ("Header-Name").
const NAME: &str = "a-z, 0-9, `-`, `_` and `.`";

/// Reads the arguments of `--header`.
pub(crate) fn metadata(headers: &[String]) -> Result<MetadataMap, Failure> {
    let mut metadata = MetadataMap::new();
    let mut size = 0;
    for (i, header) in headers.iter().enumerate() {
        let option =
            if headers.len() == 1 { String::from("--header") } else { format!("--header number {}", i + 1) };
        let failed = |why: Cow<'_, str>| Failure::bad_input(format_args!("{option} {why}"));
        let Some((name, source)) = header.split_once('=') else {
            return Err(failed("has no `=`; expected NAME=VALUE".into()));
        };
        let name = name.to_ascii_lowercase();
        check_name(&name).map_err(failed)?;
        let value = read(source).map_err(|why| failed(format!("{name}: {why}").into()))?;
        size += name.len() + value.len() + FIELD_OVERHEAD;
        if size > MAX_HEADERS {
            let why = format!("the value is too long; expected at most {MAX_HEADERS} bytes for all headers");
            return Err(failed(format!("{name}: {why}").into()));
        }
        append(&mut metadata, &name, &value).map_err(|why| match why {
            // `c2VjcmV0=` has an empty value: the name is a secret in base64.
            Unfit::Empty => failed("has an empty value; expected NAME=VALUE".into()),
            Unfit::Wrong(why) => failed(format!("{name}: the value {why}").into()),
        })?;
    }
    Ok(metadata)
}

/// Checks a name in lower case. The message contains the name only if it has no other characters than names have.
fn check_name(name: &str) -> Result<(), Cow<'static, str>> {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if name.is_empty() {
        return Err("has no name; expected NAME=VALUE".into());
    }
    if name.starts_with(':') {
        return Err(
            "has a name that begins with `:`, which is a field of HTTP/2 itself; expected a name of your own"
                .into(),
        );
    }
    if name.contains(':') {
        return Err("has a `:` in its name; expected NAME=VALUE, such as `authorization=env:TOKEN`".into());
    }
    if !name.chars().all(is_of_name) {
        return Err(format!("has a character in its name that names do not have; expected {NAME}").into());
    }
    if name == "grpc-timeout" {
        return Err("grpc-timeout is a field of gRPC; expected `--timeout`".into());
    }
    if name.starts_with("grpc-") || RESERVED.contains(&name) {
        let owner = if name.starts_with("grpc-") { "gRPC" } else { "HTTP, which the client writes" };
        return Err(format!("{name} is a field of {owner}; expected a name of your own").into());
    }
    Ok(())
}

/// Reads the text of a value: of a file, of a variable, or of the argument itself.
fn read(source: &str) -> Result<String, String> {
    if let Some(file) = source.strip_prefix('@') {
        let mut bytes = Vec::new();
        let read = File::open(file).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes));
        read.map_err(|error| {
            format!("cannot read the file after `@`: {error}; text that begins with `@` is written `text:@…`")
        })?;
        // Not text: refused with the other characters that a value does not have.
        let text = String::from_utf8_lossy(&bytes);
        let line = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
        return Ok(line.to_owned());
    }
    if let Some(variable) = source.strip_prefix("env:") {
        return match std::env::var_os(variable) {
            Some(value) => Ok(value.to_string_lossy().into_owned()),
            None => Err("the variable after `env:` is not set; expected its name, without `$`; text that begins with \
                         `env:` is written `text:env:…`"
                .to_owned()),
        };
    }
    Ok(source.strip_prefix("text:").unwrap_or(source).to_owned())
}

/// Why a value cannot be sent.
enum Unfit {
    Empty,
    Wrong(&'static str),
}

fn append(metadata: &mut MetadataMap, name: &str, value: &str) -> Result<(), Unfit> {
    const NO_NAME: Unfit = Unfit::Wrong("has a name that tonic does not accept");
    if name.ends_with("-bin") {
        let engine = GeneralPurpose::new(
            &STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        let bytes = engine.decode(value).map_err(|_| {
            Unfit::Wrong("is not base64; expected standard base64, because the name ends in -bin")
        })?;
        let mut value = BinaryMetadataValue::from_bytes(&bytes);
        value.set_sensitive(true);
        metadata.append_bin(BinaryMetadataKey::from_bytes(name.as_bytes()).map_err(|_| NO_NAME)?, value);
        return Ok(());
    }
    let wrong = match value {
        "" => return Err(Unfit::Empty),
        _ if value.contains(char::is_control) => {
            Some("contains a line break or another control character; expected printable ASCII")
        }
        _ if !value.is_ascii() => {
            Some("contains characters outside ASCII; expected a name that ends in -bin, and base64")
        }
        // RFC 9113 §8.2.1.
        _ if value.starts_with(' ') || value.ends_with(' ') => {
            Some("begins or ends with a space; expected none there")
        }
        _ => None,
    };
    if let Some(wrong) = wrong {
        return Err(Unfit::Wrong(wrong));
    }
    let mut value = AsciiMetadataValue::try_from(value).map_err(|_| Unfit::Wrong("is not valid"))?;
    value.set_sensitive(true);
    metadata.append(AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|_| NO_NAME)?, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::metadata;

    /// HPACK's "never indexed" (RFC 7541 §7.1.3): no peer keeps the value in a table. `Debug` does not print it.
    #[test]
    fn a_value_is_sensitive() {
        let headers = ["authorization=hunter2", "x-a-bin=AQI="].map(String::from);
        let headers = metadata(&headers).unwrap().into_headers();
        assert_eq!(headers.len(), 2);
        assert!(headers.values().all(http::HeaderValue::is_sensitive), "{headers:?}");
    }
}
