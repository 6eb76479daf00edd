//! The pages of the catalogue as a folder of files.

use codelibra::Catalog;
use codelibra_pages::Pages;

use crate::args::HtmlFolder;
use crate::failure::{Failure, warn};
use crate::folder;
use crate::progress::Progress;

/// Writes the folder, or compares it with the pages for `--check`.
pub(super) fn run(catalog: &'static Catalog, to: &HtmlFolder) -> Result<(), Failure> {
    let pages = Pages::new(catalog);
    let progress = Progress::new(if to.check { "compared" } else { "written" }, pages.file_count());
    let files = progress.count(pages.files());
    let path = to.output.display();
    if !to.check {
        return folder::write(&to.output, files);
    }
    match folder::find_difference(&to.output, files)? {
        None => Ok(()),
        Some(difference) => {
            let rerun = "run the same command without `--check`";
            warn("error", &format!("`{path}` is not up to date: {difference}; {rerun}"));
            Err(Failure::AnswerIsNo)
        }
    }
}
