//! Reads a file or a descriptor set into an [`Inspection`].

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::Error;
use crate::descriptor::{self, OptionsImport, Source};
use crate::inspection::Inspection;
use crate::resolve::Input;
use crate::rules;

impl Inspection {
    /// Reads a `.proto` file. Imports as for [`compile`](crate::compile).
    ///
    /// A file that cannot be read or parsed has no catalogue, and a finding with the reason.
    pub fn from_proto(proto: impl AsRef<Path>, includes: &[impl AsRef<Path>]) -> Self {
        Self::read(&Input::from_path(proto.as_ref(), includes)).0
    }

    /// Reads a proto that is not on disk. `read` returns the text of the file with a name, of `name` itself and of each
    /// file that is imported, and `None` if there is no such file. Findings name the file `shown`.
    ///
    /// The protos that come with this crate are not asked for. As for [`Inspection::from_proto`], a file that cannot be
    /// parsed has no catalogue.
    pub fn from_reader(
        name: &str,
        shown: &str,
        read: impl Fn(&str) -> io::Result<Option<String>> + 'static,
    ) -> Self {
        Self::read(&Input::from_reader(name, shown, Rc::new(read))).0
    }

    /// Reads an encoded `google.protobuf.FileDescriptorSet`, as
    /// [`Catalog::from_descriptor_set`](crate::Catalog::from_descriptor_set) does.
    ///
    /// Bytes that are no descriptor set have no catalogue.
    pub fn from_descriptor_set(bytes: &[u8]) -> Self {
        match Source::from_descriptor_set(bytes) {
            Ok(source) => rules::read(&source),
            Err(error) => Self::failed(error),
        }
    }

    /// Also returns the paths of the files that were read, if the file can be compiled.
    pub(crate) fn read(input: &Input) -> (Self, Vec<PathBuf>) {
        // Asked for first: protox reports a missing file as one that lies in no include folder.
        if input.is_on_disk()
            && let Err(error) = std::fs::metadata(&input.proto)
        {
            return (Self::failed(Error::io("cannot read", &input.proto, error)), Vec::new());
        }
        if let Some(source) = descriptor::compile_quick(input) {
            return (rules::read(&source), source.paths);
        }
        // protox refuses the file. What the rules of catalogues find counts before what it reports.
        let relaxed = [OptionsImport::AsWritten, OptionsImport::Added];
        if let Some(source) =
            relaxed.into_iter().find_map(|import| descriptor::compile_relaxed(input, import))
        {
            let found = rules::read(&source);
            if found.has_errors() {
                return (found, Vec::new());
            }
        }
        let repeated = descriptor::repeated_names(input);
        if !repeated.is_empty() {
            return (Self::failed(Error::new(repeated)), Vec::new());
        }
        match descriptor::compile(input) {
            Ok(source) => (rules::read(&source), source.paths),
            Err(error) => (Self::failed(error), Vec::new()),
        }
    }
}
