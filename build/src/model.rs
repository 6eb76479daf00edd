//! A catalogue that obeys the rules.

/// The entries of one domain.
///
/// ```
/// use codelibra_build::Catalog;
///
/// let catalog = Catalog::from_proto("proto/codelibra/error/v1/catalog.proto", &["proto"])?;
/// assert_eq!((catalog.domain.as_str(), catalog.prefix.as_str()), ("codelibra", "ERROR_CODE_"));
/// assert_eq!(catalog.enum_name, "codelibra.error.v1.ErrorCode");
/// assert!(catalog.to_rust().contains("USER_BANNED"));
/// # Ok::<(), codelibra_build::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Catalog {
    /// The file that it was read from, as imports name it.
    pub file: String,
    /// The domain of the codes, such as `shop.example.com`.
    pub domain: String,
    /// The address of the documentation of the codes, without a `/` at the end.
    pub pages: String,
    /// The full name of the enum: `shop.v1.ErrorCode`.
    pub enum_name: String,
    /// The prefix of the names of the values: `ERROR_CODE_`.
    pub prefix: String,
    /// In the order of their codes.
    pub entries: Vec<Entry>,
    /// The codes of failures that have none, in the order of the file.
    pub fallback: Vec<Fallback>,
}

/// The code of failures that have a gRPC code and no code.
///
/// ```
/// use codelibra_build::Catalog;
///
/// let catalog = Catalog::from_proto("proto/codelibra/error/v1/catalog.proto", &["proto"])?;
/// let row = catalog.fallback.iter().find(|row| row.grpc_code == "NOT_FOUND");
/// assert_eq!(row.map(|row| row.code), Some(404_003));
/// # Ok::<(), codelibra_build::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fallback {
    /// The gRPC code, as `codelibra.error.v1.GrpcCode` names it: `NOT_FOUND`.
    pub grpc_code: String,
    /// The code of an entry.
    pub code: u32,
}

/// One row of a catalogue.
///
/// ```
/// use codelibra_build::Catalog;
///
/// let catalog = Catalog::from_proto("proto/codelibra/error/v1/catalog.proto", &["proto"])?;
/// let entry = catalog.entries.iter().find(|entry| entry.code == 403_003).unwrap();
/// assert_eq!((entry.name.as_str(), entry.reason.as_str()), ("UserBanned", "USER_BANNED"));
/// assert_eq!(entry.summary, "This user has been banned.");
/// # Ok::<(), codelibra_build::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The six-digit code.
    pub code: u32,
    /// `UserBanned`.
    pub name: String,
    /// `USER_BANNED`.
    pub reason: String,
    /// The default public message.
    pub summary: String,
    /// What happened. Each of several causes is a line.
    pub cause: String,
    /// What the caller should do next. Each of several resolutions is a line.
    pub resolution: String,
    /// The next step, as `codelibra.error.v1.Recovery` names it: `STEP_UP`.
    pub recovery: String,
    /// The declared metadata keys.
    pub params: Vec<Param>,
    /// Overrides the gRPC code of the class, as `codelibra.error.v1.GrpcCode` names it.
    pub grpc_code: Option<String>,
    /// The version that brought the entry; may be empty.
    pub since: String,
    /// The version that deprecated the entry; empty where it is not deprecated.
    pub deprecated: String,
    /// The reason of the entry to use instead; may be empty.
    pub replaced_by: String,
}

/// A declared metadata key.
///
/// ```
/// use codelibra_build::Catalog;
///
/// let catalog = Catalog::from_proto("proto/codelibra/error/v1/catalog.proto", &["proto"])?;
/// let entry = catalog.entries.iter().find(|entry| entry.reason == "LOCKED_OUT").unwrap();
/// let [param] = entry.params.as_slice() else { panic!() };
/// assert_eq!((param.name.as_str(), param.kind.as_str()), ("locked_until", "TIMESTAMP"));
/// assert_eq!(param.description, "When the lockout ends.");
/// # Ok::<(), codelibra_build::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Param {
    /// `locked_until`.
    pub name: String,
    /// The type, as `codelibra.error.v1.ParamType` names it: `TIMESTAMP`.
    pub kind: String,
    /// The meaning of the value.
    pub description: String,
}

/// `UserBanned` for `USER_BANNED`.
pub(crate) fn pascal_case(upper_snake: &str) -> String {
    let mut name = String::with_capacity(upper_snake.len());
    for word in upper_snake.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next());
        name.extend(letters.map(|c| c.to_ascii_lowercase()));
    }
    name
}

/// `ERROR_CODE` for `ErrorCode`.
pub(crate) fn upper_snake_case(pascal: &str) -> String {
    let mut name = String::with_capacity(pascal.len() + 4);
    for (i, c) in pascal.char_indices() {
        if c.is_ascii_uppercase() && i > 0 {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}
